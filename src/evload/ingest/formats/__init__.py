"""Recognises the format of a file, and reads it as blocks of raw rows: `table` lists the formats, one module is one.

`ingest.read` comes in by `table`.
It must not import `storing`.
"""
