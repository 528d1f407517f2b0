"""How an answer is found, kept in memory, renewed when the data changes, and represented: encoding and headers.

Used by: `api.pages` (compression and conditional requests), `api.server`.
Must not import: `api.operations`, `api.pages`, `api.server`.
"""
