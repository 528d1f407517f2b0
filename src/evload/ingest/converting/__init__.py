"""Makes the raw cells of a mapped table into hours: `convert`.

`ingest.read` comes in by `convert`. `cells` reads texts, `instants` times; `intervals` and `sessions` are the kinds;
`charging` is the rule by which a session becomes hours.
It must not import `formats` or `storing`.
"""
