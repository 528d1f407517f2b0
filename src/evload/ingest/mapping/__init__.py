"""Says how the cells of a table become hours: a mapping, which is a TOML file. `toml/` has those that evload knows.

`ingest` comes in by `presets`, `patterns` and `draft`; `ingest.converting` reads what a mapping says.
It must not import `formats`, `converting` or `storing`.
"""
