"""Parts raw rows into clean ones and rejected ones with their reasons: `clean`.

`ingest.read` comes in by `clean`; `formats.text` asks `energy` which floats are plain.
It must not import `formats` or `storing`.
"""
