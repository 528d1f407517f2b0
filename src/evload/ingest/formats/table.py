"""The table of formats. The first one that recognises a file reads it."""

from evload.ingest.formats.format import Format
from evload.ingest.formats.parquet import PARQUET
from evload.ingest.formats.source import Source
from evload.ingest.formats.text import TEXT

FORMATS = (PARQUET, TEXT)


def format_of(source: Source) -> Format:
    start = source.start()
    return next(known for known in FORMATS if known.recognises(start))
