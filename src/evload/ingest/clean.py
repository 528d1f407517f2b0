"""Judges every row of a raw frame: clean rows on one side, rejected rows with their reason on the other.

A column holds few different texts, so each of them is judged once, and the rows look the verdict up.
"""

from dataclasses import dataclass

import polars as pl

from evload.ingest import energy, wire
from evload.ingest.clock import hours
from evload.ingest.frames import MEASURES, SHOWN_CHARACTERS, WH, WIRE, rejected

NUL = "\0"

# The user stands in the primary key, and an index entry of Postgres holds some 2,700 bytes.
USER_BYTES = 1000

# Frameworks that keep a column with gaps as floats write session 12 as 12.0.
WHOLE_NUMBER = r"^([+-]?[0-9]+)(?:[.,]0*)?$"

FAULTS = ("date_from_fault", "date_to_fault")


@dataclass(frozen=True)
class Cleaned:
    rows: pl.DataFrame
    rejects: pl.DataFrame
    coerced: int


@dataclass(frozen=True)
class Rule:
    column: str
    reason: pl.Expr


def _rules() -> dict[str, Rule]:
    nul = pl.lit("has a NUL byte, which Postgres cannot store")
    return {
        "date_from": Rule("date_from", pl.col("date_from_fault")),
        "date_to": Rule("date_to", pl.col("date_to_fault")),
        "nul in user_id": Rule("user_id", nul),
        **{f"nul in {name}": Rule(name, nul) for name in MEASURES},
        "line break": Rule("user_id", pl.lit("has a line break, as where a closing quote is missing")),
        "long user": Rule("user_id", pl.lit(f"is longer than the {USER_BYTES} bytes that a user id may have")),
        "no user": Rule("user_id", pl.lit("session without a user")),
        "no session": Rule("session_id", pl.lit("user without a session")),
        "odd session": Rule("session_id", pl.lit("is not a whole number from -2147483648 to 2147483647")),
        **{f"negative {name}": Rule(name, pl.lit("energy is negative")) for name in MEASURES},
        **{f"above {name}": Rule(name, pl.lit("energy is above 999.999 kWh")) for name in MEASURES},
    }


# The first rule that a row breaks is the one it is rejected for.
RULES = _rules()
PLACES = {name: place for place, name in enumerate(RULES)}


def clean(raw: pl.DataFrame, timezone: str) -> Cleaned:
    times = _times(raw, timezone)
    judged = _judged(raw, times)
    is_good = pl.col("broken_rule").is_null()
    good = judged if judged["broken_rule"].null_count() == judged.height else judged.filter(is_good)
    return Cleaned(_rows(good), _rejects(judged.filter(~is_good), times), _coerced(good))


def _judged(raw: pl.DataFrame, times: pl.DataFrame) -> pl.DataFrame:
    """The raw frame with what each text means beside it, and the first rule that each row breaks."""
    judged = _looked_up(raw, times.drop(FAULTS)).pipe(_looked_up, _who(raw))
    energies = _read_energies(raw)
    for name in MEASURES:
        judged = _looked_up(judged, _energies(name, energies))
    domains = ("times", "who", *MEASURES)
    return judged.with_columns(broken_rule=pl.min_horizontal(f"{domain}_rule" for domain in domains))


def _looked_up(rows: pl.DataFrame, verdicts: pl.DataFrame) -> pl.DataFrame:
    """Verdicts are found by the raw columns that they are about."""
    texts = [name for name in verdicts.columns if name in rows.columns]
    return rows.join(verdicts, on=texts, how="left", maintain_order="left")


def _first_broken(**conditions: pl.Expr) -> pl.Expr:
    """The place of the first rule whose condition holds. Conditions come in the order of the rules."""
    return pl.coalesce(pl.when(broken).then(pl.lit(PLACES[rule], pl.UInt8)) for rule, broken in conditions.items())


def _times(raw: pl.DataFrame, timezone: str) -> pl.DataFrame:
    pairs = raw.select("date_from", "date_to").unique()
    broken = {name: pl.col(f"{name}_fault").is_not_null() for name in ("date_from", "date_to")}
    read = hours(pairs, timezone).with_columns(times_rule=_first_broken(**broken))
    return read.with_columns(times_wire=wire.hours(read["start"])).with_row_index("times")


def _who(raw: pl.DataFrame) -> pl.DataFrame:
    pairs = raw.select("user_id", "session_id").unique()
    user, session = pl.col("user_id").str.strip_chars(), pl.col("session_id").str.strip_chars()
    read = pairs.with_columns(
        user=pl.when(~user.is_in(energy.MISSING)).then(user),
        session=session.str.extract(WHOLE_NUMBER).cast(pl.Int32, strict=False),
        session_missing=session.is_in(energy.MISSING),
    )
    judged = read.with_columns(who_rule=_first_broken(**_who_conditions())).with_columns(
        pl.col("user").fill_null(""), pl.col("session").fill_null(0)
    )
    who_wire = wire.texts(judged["user"]) + wire.integers(judged["session"])
    return judged.with_columns(who_wire=who_wire).with_row_index("who").drop("session_missing")


def _who_conditions() -> dict[str, pl.Expr]:
    user, session, missing = pl.col("user"), pl.col("session"), pl.col("session_missing")
    # The table itself, exported, has session 0 where there is none.
    no_session = missing | (session == 0).fill_null(False)
    return {
        "nul in user_id": pl.col("user_id").str.contains(NUL, literal=True),
        "line break": user.str.contains("\n", literal=True),
        "long user": user.str.len_bytes() > USER_BYTES,
        "no user": user.is_null() & ~no_session,
        "no session": user.is_not_null() & missing,
        "odd session": session.is_null() & ~missing,
    }


def _read_energies(raw: pl.DataFrame) -> pl.DataFrame:
    given = pl.concat([raw[name].alias("given") for name in MEASURES]).unique()
    read = energy.read(given).with_columns(nul=pl.col("given").str.contains(NUL, literal=True))
    return read.with_columns(wire=wire.kwh(read["wh"]))


def _energies(name: str, read: pl.DataFrame) -> pl.DataFrame:
    conditions = {
        f"nul in {name}": pl.col("nul"),
        f"negative {name}": pl.col("negative"),
        f"above {name}": pl.col("above"),
    }
    return read.select(
        pl.col("given").alias(name),
        pl.col("wh").alias(f"{name}_wh"),
        pl.col("wire").alias(f"{name}_wire"),
        pl.col("junk").alias(f"{name}_junk"),
        _first_broken(**conditions).alias(f"{name}_rule"),
    )


def _rows(good: pl.DataFrame) -> pl.DataFrame:
    return good.select(
        "line",
        "times",
        "who",
        pl.col("start").alias("date_from"),
        pl.col("user").alias("user_id"),
        pl.col("session").alias("session_id"),
        *WH,
        *WIRE,
    )


def _coerced(good: pl.DataFrame) -> int:
    return int(good.select(pl.sum_horizontal(pl.col(f"{name}_junk").sum() for name in MEASURES)).item())


def _rejects(bad: pl.DataFrame, times: pl.DataFrame) -> pl.DataFrame:
    if bad.is_empty():
        return rejected()
    told = bad.join(times.select("times", *FAULTS), on="times", how="left")
    return pl.concat(_broken(told, name, rule) for name, rule in RULES.items()).sort("line")


def _broken(bad: pl.DataFrame, name: str, rule: Rule) -> pl.DataFrame:
    return bad.filter(pl.col("broken_rule") == PLACES[name]).select(
        "line",
        pl.lit(rule.column).alias("column"),
        pl.col(rule.column).str.slice(0, SHOWN_CHARACTERS).alias("value"),
        rule.reason.alias("reason"),
    )
