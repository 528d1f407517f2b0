"""The HTTP API: its contract, its answers, the server, pages for people and endpoints for operators.

Used by: `evload.serve`.
Must not import: `evload.ingest`, `evload.cli`, `evload.command`.
"""
