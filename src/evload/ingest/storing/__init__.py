"""Writes clean rows into Postgres and keeps the totals equal to them: `transaction`, `copying`, `totals`.

`ingest.load` and `ingest.batches` come in.
It must not import `formats` or `cleaning`.
"""
