"""Judges every row of a raw frame: clean rows on one side, rejected rows with their reason on the other.

A column holds few different texts, so each of them is judged once, and the rows look the verdict up.
"""

from dataclasses import dataclass

import polars as pl

from evload.ingest.cleaning import energy
from evload.ingest.cleaning.distinct import distinct
from evload.ingest.cleaning.moments import hours
from evload.ingest.frames import MEASURES, SHOWN_CHARACTERS, WH, rejected

NUL = "\0"

# The user stands in the primary key, and an index entry of Postgres holds some 2,700 bytes.
USER_BYTES = 1000

# Frameworks that keep a column with gaps as floats write session 12 as 12.0.
WHOLE_NUMBER = r"^([+-]?[0-9]+)(?:[.,]0*)?$"

FAULTS = ("date_from_fault", "date_to_fault")


@dataclass(frozen=True)
class Cleaned:
    """`hour_index` of `rows` is a place in `hours`, `session_index` one in `sessions`."""

    rows: pl.DataFrame
    hours: pl.DataFrame
    sessions: pl.DataFrame
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
    hour_texts = distinct(raw.select("date_from", "date_to"))
    session_texts = distinct(raw.select("user_id", "session_id"))
    hours, sessions = _hours(hour_texts.texts, timezone), _sessions(session_texts.texts)
    of_measures = [f"{name}_rule" for name in MEASURES]
    judged = _with_energies(raw).with_columns(
        hour_index=hour_texts.index,
        session_index=session_texts.index,
        broken_rule=pl.min_horizontal(
            hours["rule"][hour_texts.index], sessions["rule"][session_texts.index], *of_measures
        ),
    )
    is_good = pl.col("broken_rule").is_null()
    good = judged if judged["broken_rule"].null_count() == judged.height else judged.filter(is_good)
    return Cleaned(
        good.select("line", "hour_index", "session_index", *WH),
        hours.select("date_from"),
        sessions.select("user_id", "session_id"),
        _rejects(judged.filter(~is_good), hours),
        _coerced(good),
    )


def _looked_up(rows: pl.DataFrame, verdicts: pl.DataFrame) -> pl.DataFrame:
    """Verdicts are found by the raw columns that they are about."""
    texts = [name for name in verdicts.columns if name in rows.columns]
    return rows.join(verdicts, on=texts, how="left", maintain_order="left")


def _first_broken(**conditions: pl.Expr) -> pl.Expr:
    """The place of the first rule whose condition holds. Conditions come in the order of the rules."""
    return pl.coalesce(pl.when(broken).then(pl.lit(PLACES[rule], pl.UInt8)) for rule, broken in conditions.items())


def _hours(texts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    broken = {name: pl.col(f"{name}_fault").is_not_null() for name in ("date_from", "date_to")}
    return hours(texts, timezone).select(
        pl.col("start").alias("date_from"), _first_broken(**broken).alias("rule"), *FAULTS
    )


def _sessions(texts: pl.DataFrame) -> pl.DataFrame:
    user, session = pl.col("user_id").str.strip_chars(), pl.col("session_id").str.strip_chars()
    read = texts.with_columns(
        user=pl.when(~user.is_in(energy.MISSING)).then(user),
        session=session.str.extract(WHOLE_NUMBER).cast(pl.Int32, strict=False),
        session_missing=session.is_in(energy.MISSING),
    )
    return read.select(
        user_id=pl.col("user").fill_null(""),
        session_id=pl.col("session").fill_null(0),
        rule=_first_broken(**_session_conditions()),
    )


def _session_conditions() -> dict[str, pl.Expr]:
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


def _with_energies(raw: pl.DataFrame) -> pl.DataFrame:
    """With the whole Wh of each measure, whether its text is junk, and the first rule that it breaks."""
    if raw.schema[MEASURES[0]] == pl.Float64:
        wh = {f"{name}_wh": energy.plain_wh(pl.col(name)) for name in MEASURES}
        junk = {f"{name}_junk": pl.lit(False) for name in MEASURES}
        rules = {f"{name}_rule": pl.lit(None, pl.UInt8) for name in MEASURES}
        return raw.with_columns(**wh, **junk, **rules)
    given = pl.concat([raw[name].alias("given") for name in MEASURES]).unique()
    read = energy.read(given).with_columns(nul=pl.col("given").str.contains(NUL, literal=True))
    for name in MEASURES:
        raw = _looked_up(raw, _energies(name, read))
    return raw


def _energies(name: str, read: pl.DataFrame) -> pl.DataFrame:
    conditions = {
        f"nul in {name}": pl.col("nul"),
        f"negative {name}": pl.col("negative"),
        f"above {name}": pl.col("above"),
    }
    return read.select(
        pl.col("given").alias(name),
        pl.col("wh").alias(f"{name}_wh"),
        pl.col("junk").alias(f"{name}_junk"),
        _first_broken(**conditions).alias(f"{name}_rule"),
    )


def _coerced(good: pl.DataFrame) -> int:
    return int(good.select(pl.sum_horizontal(pl.col(f"{name}_junk").sum() for name in MEASURES)).item())


def _rejects(bad: pl.DataFrame, hours: pl.DataFrame) -> pl.DataFrame:
    if bad.is_empty():
        return rejected()
    told = pl.concat([bad, hours[bad["hour_index"]].select(FAULTS)], how="horizontal")
    return pl.concat(_broken(told, place) for place in told["broken_rule"].unique()).sort("line")


def _broken(bad: pl.DataFrame, place: int) -> pl.DataFrame:
    rule = list(RULES.values())[place]
    return bad.filter(pl.col("broken_rule") == place).select(
        "line",
        pl.lit(rule.column).alias("column"),
        pl.col(rule.column).str.slice(0, SHOWN_CHARACTERS).alias("value"),
        rule.reason.alias("reason"),
    )
