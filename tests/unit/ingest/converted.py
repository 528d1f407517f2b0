"""What the tests of mapped files share: a file's hours as plain values."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from evload.ingest.converting.summary import Conversion
from evload.ingest.frames import WH
from evload.ingest.mapping.columns import Named
from evload.ingest.mapping.model import parse_mapping
from evload.ingest.read import LoadFile

Row = tuple[str, str, str, int]


@dataclass(frozen=True)
class Converted:
    """`rows` give, for hour in UTC, user, location and session, the Wh of each measure that is not null."""

    rows: list[tuple[Row, dict[str, int]]]
    rejects: list[tuple[Any, ...]]
    rows_read: int
    conversion: Conversion

    def wh(self, measure: str = "metered_kwh") -> dict[tuple[str, str], int]:
        """The sum of each user's hour."""
        sums: dict[tuple[str, str], int] = {}
        for (hour, user, _, _), values in self.rows:
            if measure in values:
                sums[hour, user] = sums.get((hour, user), 0) + values[measure]
        return sums


def converted(
    folder: Path,
    content: bytes | str,
    mapping: str | None = None,
    timezone: str = "Europe/Oslo",
    name: str = "data.csv",
    **options: Any,
) -> Converted:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    named = Named("my.toml", parse_mapping(mapping, "my.toml")) if mapping else None
    file = LoadFile(path, timezone, named=named, **options)
    blocks = list(file.blocks())
    assert file.conversion is not None
    rows = []
    for block in blocks:
        told = block.rows.select(
            block.hours["date_from"][block.rows["hour_index"]].dt.strftime("%Y-%m-%dT%H:%MZ").alias("hour"),
            block.sessions["user_id"][block.rows["session_index"]],
            block.locations[block.rows["location_index"]].alias("location_id"),
            block.sessions["session_id"][block.rows["session_index"]],
            *WH,
        )
        for hour, user, location, session, *values in told.iter_rows():
            given = {measure.removesuffix("_wh"): wh for measure, wh in zip(WH, values, strict=True) if wh is not None}
            rows.append(((hour, user, location, session), given))
    rejects = pl.concat(block.rejects for block in blocks).rows()
    return Converted(rows, rejects, sum(block.rows_read for block in blocks), file.conversion)
