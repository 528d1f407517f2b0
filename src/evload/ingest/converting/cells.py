"""Reads the cells of raw rows by the keys of a mapping: names, numbers, times and what counts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from evload.ingest.cleaning.texts import normalised, stripped
from evload.ingest.converting.instants import Clock, instants
from evload.ingest.frames import SHOWN_CHARACTERS, rejected
from evload.ingest.mapping.columns import bare, found, raw_name, spelling
from evload.ingest.mapping.model import Common, NameFrom, ZoneFrom
from evload.ingest.user_ids import UserIds
from evload.measures import MEASURES

MAXIMUM_KWH = float(MEASURES[-1].maximum_kwh)
NAME_BYTES = 1000
GROUPED = {
    ",": r"^[+-]?[1-9][0-9]{0,2}(?:[. '\u00a0\u202f][0-9]{3})+(?:,[0-9]*)?$",
    ".": r"^[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]*)?$",
}
BETWEEN_THOUSANDS = {",": r"[. '\u00a0\u202f]", ".": ","}


@dataclass(frozen=True)
class Fault:
    """Why rows are rejected: `column` is a raw name, `reason` null where nothing is wrong.

    `names` are what the table calls the column, row by row, where that differs.
    """

    column: str
    reason: pl.Series
    names: pl.Series | None = None


@dataclass(frozen=True)
class Cells:
    """The columns of a table as it spells them, and what a mapping makes of them. `zone` is the site's clock, `ids`
    says what users are stored as.
    """

    mapping: Common
    spelled: tuple[str, ...]
    zone: str
    preamble: Sequence[Sequence[str]] = ()
    ids: UserIds = field(default_factory=UserIds)

    def column(self, pattern: str) -> str:
        """The raw name of the one column that is meant. Its presence was checked with the header."""
        return raw_name(found(pattern, self.spelled)[0])

    def text(self, rows: pl.DataFrame, pattern: str) -> pl.Series:
        return rows.select(stripped(pl.col(self.column(pattern)))).to_series()

    def joined(self, rows: pl.DataFrame, patterns: Sequence[str]) -> pl.Series:
        """A date and a time in columns of their own are one text. Of several, what stands for missing is ''."""
        if len(patterns) == 1:
            return rows[self.column(patterns[0])].alias("text")
        columns = [stripped(pl.col(self.column(pattern))) for pattern in patterns]
        text = pl.concat_str(columns, separator=" ").str.strip_chars()
        missing = list({*self.mapping.missing, ""})
        return rows.select(pl.when(text.is_in(missing)).then(pl.lit("")).otherwise(text).alias("text")).to_series()

    def times(self, rows: pl.DataFrame, texts: pl.Series, zone: str | ZoneFrom | None = None) -> pl.DataFrame:
        given = zone if zone is not None else self.mapping.timezone
        clock = Clock(given if isinstance(given, str) else self.zone, tuple(self.mapping.time))
        if not isinstance(given, ZoneFrom):
            return instants(texts, clock)
        return instants(texts, clock, self.text(rows, given.column).replace(given.names))

    def counting(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows that `where` lets through."""
        for pattern, wanted in self.mapping.where.items():
            expression = "|".join(".*".join(map(re.escape, one.strip().lower().split("*"))) for one in wanted)
            rows = rows.filter(
                stripped(pl.col(self.column(pattern))).str.to_lowercase().str.contains(f"^(?:{expression})$")
            )
        return rows

    def is_missing(self, texts: pl.Series) -> pl.Series:
        return texts.is_in(["", *self.mapping.missing])

    def numbers(self, texts: pl.Series) -> pl.Series:
        """Null where a text is no number."""
        decimal = self.mapping.decimal
        found = texts.cast(pl.Float64, strict=False) if decimal != "," else None
        if found is None or found.null_count():
            found = texts.to_frame("text").select(_plain_number(decimal).cast(pl.Float64, strict=False)).to_series()
        return found.set(~found.is_finite(), None).alias(texts.name)

    @property
    def constant_user(self) -> str:
        """The one user of a file that names none."""
        user = self.mapping.user
        return "" if user.columns or self._in_preamble(user.preamble) else user.constant

    @cached_property
    def user_column(self) -> str:
        return self._name_column(self.mapping.user)

    @cached_property
    def location_column(self) -> str:
        return self._name_column(self.mapping.location)

    def users(self, rows: pl.DataFrame) -> pl.Series:
        return self._names(rows, self.mapping.user, None)

    def locations(self, rows: pl.DataFrame, users: pl.Series) -> pl.Series:
        return self._names(rows, self.mapping.location, users if self.mapping.location.pattern else None)

    def identified(self, rows: pl.DataFrame, users: pl.Series | None = None) -> pl.DataFrame:
        """Adds each row's `given_user`, `user`, as it is stored, and `location`; forgotten users are left out."""
        users = self.users(rows) if users is None else users
        locations = self.locations(rows, users)  # which may be a part of the user's own id
        named = rows.with_columns(users.alias("given_user"), users.alias("user"), locations.alias("location"))
        return self.ids.identified(named, "user")

    def _name_column(self, name: NameFrom) -> str:
        return next((self.column(one) for one in name.columns if found(one, self.spelled)), "")

    def _names(self, rows: pl.DataFrame, name: NameFrom, users: pl.Series | None) -> pl.Series:
        """Reads each different text once: there are far fewer than rows."""
        columns = [pl.col(self.column(one)) for one in name.columns if found(one, self.spelled)]
        if columns:
            given = [pl.when(~stripped(column).is_in(["", *self.mapping.missing])).then(column) for column in columns]
            names = rows.select((columns[0] if len(columns) == 1 else pl.coalesce(given).fill_null("")).alias("name"))[
                "name"
            ]
        elif users is not None and not (name.constant or name.preamble):
            names = users.alias("name")
        else:
            constant = self._in_preamble(name.preamble) or name.constant
            names = pl.repeat(constant, rows.height, dtype=pl.String, eager=True).alias("name")
        texts = names.unique()
        read = normalised(texts)
        read = read.set(read.is_in(self.mapping.missing), "")
        if name.pattern:
            read = read.str.extract(name.pattern).fill_null("")
        changed = texts != read
        return names.replace(texts.filter(changed), read.filter(changed)) if changed.any() else names

    def _in_preamble(self, label: str) -> str:
        """The field under a label, or beside it."""
        for place, cells in enumerate(self.preamble):
            for index, cell in enumerate(cells if label else ()):
                if bare(cell.rstrip(":")) == bare(label):
                    below = self.preamble[place + 1] if place + 1 < len(self.preamble) else []
                    beside = cells[index + 1] if index + 1 < len(cells) else ""
                    is_beside = len(cells) == 2 and index == 0
                    return beside if is_beside else (below[index] if index < len(below) else "")
        return ""


def _plain_number(decimal: str | None) -> pl.Expr:
    """Writes a number with a decimal point and without marks between thousands."""
    text = pl.col("text").str.strip_chars()
    if decimal is None:
        return text.str.replace(",", ".", literal=True)
    marks = BETWEEN_THOUSANDS[decimal]
    plain = pl.when(text.str.contains(GROUPED[decimal])).then(text.str.replace_all(marks, "")).otherwise(text)
    return plain.str.replace(",", ".", literal=True) if decimal == "," else plain


def name_fault(column: str, names: pl.Series, what: str) -> Fault:
    name = pl.col(names.name)
    reason = (
        pl.when(name.str.len_bytes() > NAME_BYTES)
        .then(pl.lit(f"is longer than the {NAME_BYTES} bytes that a {what} may have"))
        .when(name.str.contains("\0", literal=True))
        .then(pl.lit("has a NUL byte, which Postgres cannot store"))
        .when(name.str.contains("\n", literal=True))
        .then(pl.lit("has a line break, as where a closing quote is missing"))
    )
    texts = names.unique()
    verdict = texts.to_frame().select(name, reason=reason)
    if not verdict["reason"].count():
        return Fault(column, pl.repeat(None, len(names), dtype=pl.String, eager=True))
    return Fault(column, names.to_frame().join(verdict, on=names.name, how="left", maintain_order="left")["reason"])


def parted(
    rows: pl.DataFrame, faults: Sequence[Fault], spelled: Sequence[str]
) -> tuple[pl.Series | None, pl.DataFrame]:
    """Gives which rows are good (None: all), and the rejects with the first fault of each."""
    broken = [fault for fault in faults if fault.reason.count()]
    if not broken:
        return None, rejected()
    told = pl.DataFrame({"line": rows["line"], **{str(place): fault.reason for place, fault in enumerate(broken)}})
    first = pl.coalesce(pl.when(pl.col(str(place)).is_not_null()).then(place) for place in range(len(broken)))
    told = told.with_columns(first=first)
    parts = [rejected()]
    for place, fault in enumerate(broken):
        is_bad = told["first"] == place
        value = rows.filter(is_bad)[fault.column] if fault.column in rows.columns else None
        bad = told.filter(is_bad)
        name = pl.lit(spelling(fault.column, spelled)) if fault.names is None else fault.names.filter(is_bad)
        shown = pl.lit("") if value is None else value.str.slice(0, SHOWN_CHARACTERS)
        parts.append(bad.select("line", column=name, value=shown, reason=str(place)))
    return told["first"].is_null(), pl.concat(parts).sort("line")
