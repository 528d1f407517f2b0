"""The kind `hourly`: the published format under other names."""

import polars as pl

from evload.ingest.converting.cells import Cells
from evload.ingest.frames import MEASURES
from evload.ingest.mapping.columns import spelling
from evload.ingest.mapping.model import Hourly


def published_names(cells: Cells, mapping: Hourly) -> dict[str, str]:
    """Gives the table's own name for each of `frames.COLUMNS`."""
    columns = {**_columns(cells, mapping), "user_id": cells.user_column, "location_id": cells.location_column}
    return {name: spelling(column, cells.spelled) for name, column in columns.items() if column}


def published_rows(cells: Cells, mapping: Hourly, rows: pl.DataFrame) -> pl.DataFrame:
    users = cells.users(rows)
    renamed = rows.select("line", *(pl.col(column).alias(name) for name, column in _columns(cells, mapping).items()))
    locations = cells.locations(rows, users)
    return renamed.with_columns(users.alias("user_id"), locations.alias("location_id"))


def _columns(cells: Cells, mapping: Hourly) -> dict[str, str]:
    wanted = {str(name): column for name, column in mapping.energies.items()}
    energies = {name: cells.column(wanted[name]) for name in MEASURES if name in wanted}
    times = {"date_from": mapping.start, "date_to": mapping.end, "session_id": mapping.session}
    return {**{name: cells.column(column) for name, column in times.items()}, **energies}
