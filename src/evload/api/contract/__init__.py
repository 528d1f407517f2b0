"""What can be asked and what comes back: endpoints, parameters, answer models, media types, the OpenAPI document.

Used by: `api.answers`, `api.operations`, `api.pages`, `api.server`.
Must not import: any other package of `evload.api`; of its modules `errors` alone.
"""
