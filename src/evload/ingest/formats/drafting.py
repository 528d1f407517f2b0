"""Drafts a mapping for a file from its first lines."""

from pathlib import Path

from evload.ingest.formats.header import first_tables
from evload.ingest.formats.source import READ_BYTES, open_source
from evload.ingest.mapping.draft import draft
from evload.ingest.mapping.looks import looks_of


def drafted(path: Path) -> str:
    """Gives '' for what is no table. Raises UnreadableFile."""
    with open_source(path, READ_BYTES) as source:
        looks = looks_of(first_tables(source.name, source.unpacked()))
        return draft(looks) if looks else ""
