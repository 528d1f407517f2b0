"""The table of formats. The first one that recognises a file reads it."""

from evload.ingest.formats.format import Format
from evload.ingest.formats.parquet import PARQUET
from evload.ingest.formats.source import Source
from evload.ingest.formats.text import TEXT

FORMATS = (PARQUET, TEXT)
IN_CODE = {
    "ocpi": "OCPI charge detail records, 2.1.1 to 2.3, as JSON: hours by the energies of their charging periods",
    "zaptec": "Zaptec's sessions with EnergyDetails, as JSON",
}
"""The formats that are read without a mapping, and what each is."""


def format_of(source: Source) -> Format:
    start = source.start()
    return next(known for known in FORMATS if known.recognises(start))
