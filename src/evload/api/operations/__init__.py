"""What operators of a running evload use: health checks, metrics, the event stream, the access log.

Used by: `api.server`.
Must not import: `api.answers`, `api.pages`, `api.server`.
"""
