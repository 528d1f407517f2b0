"""Pages for people: the dashboard and the interactive documentation.

Used by: `api.server`.
Must not import: `api.operations`, `api.server`.
"""
