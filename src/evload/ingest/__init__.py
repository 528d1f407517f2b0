"""Loads files of hourly loads into Postgres, and takes them out again: `load`, `batches`.

The commands come in by `load`, `batches`, `find` and `refresh`.
It must not import `evload.api`; its rooms must not import `load` or `batches`.
"""
