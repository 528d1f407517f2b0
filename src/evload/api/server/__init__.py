"""The ASGI application: its parts put together, the guard, the handler of endpoints, the fast path from memory.

Used by: `evload.serve`.
Must not import: `evload.ingest`, `evload.cli`, `evload.command`; it may import every other package of `evload.api`.
"""
