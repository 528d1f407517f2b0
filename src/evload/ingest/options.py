"""How a file is to be loaded."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from evload.ingest.mapping.columns import Named


@dataclass(frozen=True)
class LoadOptions:
    rejects_dir: Path = Path()
    strict: bool = False
    max_rejects: int = 10_000
    """More of them refuse the file."""
    fill_gaps: bool = False
    """Store filler rows for the hours between the first and the last of the file that have no row in it."""
    again: bool = False
    """Load a file also if exactly its bytes were loaded before."""
    dry_run: bool = False
    timezone: str | None = None
    """The clock that times without an offset are on: the site's, unless given."""
    location_pattern: re.Pattern[str] | None = None
    """Takes the location from the user id, as its first group, where the published format has no column of it."""
    named: Named | None = None
    """The mapping to read files by; None: what the header of each tells."""
    powers: tuple[str, ...] | None = None
    """At which sessions are taken to charge, in kW; None: at all, where nothing is known of the hours."""
    source: str = ""
    """Keeps the users, locations and sessions of the file apart from those of others with the same ids."""
    pseudonym_key: bytes | None = field(default=None, repr=False)
    """Makes user ids pseudonyms; None: they are stored as they are."""
    is_sample: bool = False
    """The bundled sample, which makes way for the first other load."""
