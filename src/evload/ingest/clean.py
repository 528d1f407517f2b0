"""Judges every row of a raw frame: clean rows on one side, rejected rows with their reason on the other."""

from dataclasses import dataclass

import polars as pl

from evload.ingest import energy
from evload.ingest.clock import hours
from evload.ingest.frames import MEASURES, SHOWN_CHARACTERS, rejected

NUL = "\0"
STORED_TEXTS = ("user_id", *MEASURES)

# The user stands in the primary key, and an index entry of Postgres holds some 2,700 bytes.
USER_BYTES = 1000

# Frameworks that keep a column with gaps as floats write session 12 as 12.0.
WHOLE_NUMBER = r"^([+-]?[0-9]+)(?:[.,]0*)?$"


@dataclass(frozen=True)
class Cleaned:
    rows: pl.DataFrame
    rejects: pl.DataFrame
    coerced: int


@dataclass(frozen=True)
class Rule:
    column: str
    broken: pl.Expr
    reason: pl.Expr


def clean(raw: pl.DataFrame, timezone: str) -> Cleaned:
    judged = _judged(raw, timezone)
    good = judged.filter(pl.col("broken_rule").is_null())
    bad = judged.filter(pl.col("broken_rule").is_not_null())
    return Cleaned(_rows(good), _rejects(bad), _coerced(good))


def _judged(raw: pl.DataFrame, timezone: str) -> pl.DataFrame:
    """The raw frame with what each text means beside it, and the first rule that each row breaks."""
    times = hours(raw.select("date_from", "date_to").unique(), timezone)
    user, session = pl.col("user_id").str.strip_chars(), pl.col("session_id").str.strip_chars()
    read = (
        pl.concat([raw, energy.read(raw)], how="horizontal")
        .join(times, on=["date_from", "date_to"], how="left", maintain_order="left")
        .with_columns(
            user=pl.when(~user.is_in(energy.MISSING)).then(user),
            session=session.str.extract(WHOLE_NUMBER).cast(pl.Int32, strict=False),
            session_missing=session.is_in(energy.MISSING),
        )
    )
    first_broken = [pl.when(rule.broken).then(pl.lit(place, pl.UInt8)) for place, rule in enumerate(RULES)]
    return read.with_columns(broken_rule=pl.coalesce(first_broken))


def _rules() -> tuple[Rule, ...]:
    # The table itself, exported, has session 0 where there is none.
    no_session = pl.col("session_missing") | (pl.col("session") == 0).fill_null(False)
    return (
        Rule("date_from", pl.col("date_from_fault").is_not_null(), pl.col("date_from_fault")),
        Rule("date_to", pl.col("date_to_fault").is_not_null(), pl.col("date_to_fault")),
        *(Rule(name, _has_nul(name), pl.lit("has a NUL byte, which Postgres cannot store")) for name in STORED_TEXTS),
        Rule(
            "user_id",
            pl.col("user").str.contains("\n", literal=True),
            pl.lit("has a line break, as where a closing quote is missing"),
        ),
        Rule(
            "user_id",
            pl.col("user").str.len_bytes() > USER_BYTES,
            pl.lit(f"is longer than the {USER_BYTES} bytes that a user id may have"),
        ),
        Rule("user_id", pl.col("user").is_null() & ~no_session, pl.lit("session without a user")),
        Rule("session_id", pl.col("user").is_not_null() & pl.col("session_missing"), pl.lit("user without a session")),
        Rule(
            "session_id",
            pl.col("session").is_null() & ~pl.col("session_missing"),
            pl.lit("is not a whole number from -2147483648 to 2147483647"),
        ),
        *(Rule(name, pl.col(f"{name}_negative"), pl.lit("energy is negative")) for name in MEASURES),
        *(Rule(name, pl.col(f"{name}_above"), pl.lit("energy is above 999.999 kWh")) for name in MEASURES),
    )


def _has_nul(name: str) -> pl.Expr:
    return pl.col(name).str.contains(NUL, literal=True)


# The first rule that a row breaks is the one it is rejected for.
RULES = _rules()


def _rows(good: pl.DataFrame) -> pl.DataFrame:
    return good.select(
        "line",
        pl.col("start").alias("date_from"),
        pl.col("end").alias("date_to"),
        pl.col("user").fill_null("").alias("user_id"),
        pl.col("session").fill_null(0).alias("session_id"),
        *(pl.col(f"{name}_text").alias(name) for name in MEASURES),
    )


def _coerced(good: pl.DataFrame) -> int:
    return int(good.select(pl.sum_horizontal(pl.col(f"{name}_junk").sum() for name in MEASURES)).item())


def _rejects(bad: pl.DataFrame) -> pl.DataFrame:
    if bad.is_empty():
        return rejected()
    by_rule = [_broken(bad, place, rule) for place, rule in enumerate(RULES)]
    return pl.concat(by_rule).sort("line")


def _broken(bad: pl.DataFrame, place: int, rule: Rule) -> pl.DataFrame:
    return bad.filter(pl.col("broken_rule") == place).select(
        "line",
        pl.lit(rule.column).alias("column"),
        pl.col(rule.column).str.slice(0, SHOWN_CHARACTERS).alias("value"),
        rule.reason.alias("reason"),
    )
