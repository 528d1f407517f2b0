"""Parts the rows of a raw frame into clean ones and rejected ones with their reason.

A column holds few different texts, so each of them is judged once, and the rows look the verdict up.
"""

import re
from dataclasses import dataclass

import polars as pl

from evload.ingest.cleaning import energy
from evload.ingest.cleaning.distinct import Distinct, distinct
from evload.ingest.cleaning.moments import hours
from evload.ingest.cleaning.texts import named_blank, normalised, stripped
from evload.ingest.frames import MEASURES, SHOWN_CHARACTERS, WH, rejected
from evload.ingest.user_ids import UserIds

NUL = "\0"

# The user stands in the primary key, and an index entry of Postgres holds some 2,700 bytes.
USER_BYTES = 1000

# Frameworks that keep a column with gaps as floats write session 12 as 12.0.
WHOLE_NUMBER = r"^([+-]?[0-9]+)(?:[.,]0*)?$"

FAULTS = ("date_from_fault", "date_to_fault")


@dataclass(frozen=True)
class Cleaned:
    """`hour_index`, `session_index`, `location_index` of `rows` are indices of `hours`, `sessions`, `locations`."""

    rows: pl.DataFrame
    hours: pl.DataFrame
    sessions: pl.DataFrame
    locations: pl.Series
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
        **{f"above {name}": Rule(name, pl.lit(f"energy is above {energy.MAXIMUM_KWH[name]} kWh")) for name in MEASURES},
        "nul in location_id": Rule("location_id", nul),
        "long location": Rule("location_id", pl.lit(f"is longer than the {USER_BYTES} bytes that a location may have")),
    }


# The first rule that a row breaks is the one it is rejected for.
RULES = _rules()
RULE_NUMBERS = {name: number for number, name in enumerate(RULES)}


def clean(
    raw: pl.DataFrame, timezone: str, location_pattern: re.Pattern[str] | None = None, ids: UserIds | None = None
) -> Cleaned:
    """Reads times without an offset on the clock of `timezone`. Rows of users that `ids` forgets are not there."""
    ids = ids or UserIds()
    hour_texts = distinct(raw.select("date_from", "date_to"))
    session_texts = distinct(raw.select("user_id", "session_id"))
    hours, sessions = _hours(hour_texts.texts, timezone), _sessions(session_texts.texts)
    locations = _locations(raw, session_texts.index, sessions, location_pattern)
    sessions = sessions.with_columns(ids.stored(sessions["user_id"]))
    of_measures = [f"{name}_rule" for name in MEASURES if name in raw.columns]
    judged = _with_energies(raw).with_columns(
        hour_index=hour_texts.index,
        session_index=session_texts.index,
        location_index=locations.index,
        broken_rule=pl.min_horizontal(
            hours["rule"][hour_texts.index],
            sessions["rule"][session_texts.index],
            locations.texts["rule"][locations.index],
            *of_measures,
        ),
    )
    forgotten = ids.forgotten_among(sessions["user_id"])
    judged = judged if forgotten is None else ids.without(judged, forgotten[judged["session_index"]])
    is_good = pl.col("broken_rule").is_null()
    good = judged if judged["broken_rule"].null_count() == judged.height else judged.filter(is_good)
    return Cleaned(
        good.select("line", "hour_index", "session_index", "location_index", *WH),
        hours.select("date_from"),
        sessions.select("user_id", "session_id"),
        locations.texts["location_id"],
        _rejects(judged.filter(~is_good), hours),
        _coerced(good),
    )


def _looked_up(rows: pl.DataFrame, verdicts: pl.DataFrame) -> pl.DataFrame:
    """Verdicts are found by the raw columns that they are about."""
    texts = [name for name in verdicts.columns if name in rows.columns]
    return rows.join(verdicts, on=texts, how="left", maintain_order="left")


def _first_broken(**conditions: pl.Expr) -> pl.Expr:
    """Gives the number of the first rule whose condition holds. Conditions come in the order of the rules."""
    return pl.coalesce(
        pl.when(broken).then(pl.lit(RULE_NUMBERS[rule], pl.UInt8)) for rule, broken in conditions.items()
    )


def _hours(texts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    broken = {name: pl.col(f"{name}_fault").is_not_null() for name in ("date_from", "date_to")}
    return hours(texts, timezone).select(
        pl.col("start").alias("date_from"), _first_broken(**broken).alias("rule"), *FAULTS
    )


def _sessions(texts: pl.DataFrame) -> pl.DataFrame:
    user, session = pl.col("user"), stripped(pl.col("session_id"))
    read = texts.with_columns(user=normalised(texts["user_id"])).with_columns(
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


def _locations(
    raw: pl.DataFrame, session_index: pl.Series, sessions: pl.DataFrame, pattern: re.Pattern[str] | None
) -> Distinct:
    """Gives the `location_id` of each row: from its own column, else out of its user id, else ''."""
    if "location_id" in raw.columns:
        texts, index = _numbered(raw["location_id"])
    else:
        users = sessions["user_id"]
        found = (
            users.str.extract(pattern.pattern) if pattern else pl.repeat(None, len(users), dtype=pl.String, eager=True)
        )
        texts, of_session = _numbered(found.fill_null(""))
        index = of_session[session_index]
    given = pl.col("given")
    broken = {
        "nul in location_id": given.str.contains(NUL, literal=True),
        "long location": given.str.len_bytes() > USER_BYTES,
    }
    location_id = pl.when(~given.is_in(energy.MISSING)).then(given).otherwise(pl.lit(""))
    return Distinct(
        normalised(texts).to_frame("given").select(location_id=location_id, rule=_first_broken(**broken)), index
    )


def _numbered(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Gives the different texts, and for each text the index of its own among them."""
    different = texts.unique(maintain_order=True)
    index = texts.to_frame("text").join(
        different.to_frame("text").with_row_index("index"), on="text", how="left", maintain_order="left"
    )["index"]
    return different, index


def _with_energies(raw: pl.DataFrame) -> pl.DataFrame:
    """Adds the whole Wh of each measure, whether its text is junk, and the first rule that it breaks."""
    given = [name for name in MEASURES if name in raw.columns]
    absent = {f"{name}_wh": pl.lit(None, pl.Int64) for name in MEASURES if name not in given}
    if raw.schema[given[0]] == pl.Float64:
        wh = {f"{name}_wh": energy.plain_wh(pl.col(name)) for name in given}
        junk = {f"{name}_junk": pl.lit(False) for name in given}
        rules = {f"{name}_rule": pl.lit(None, pl.UInt8) for name in given}
        return raw.with_columns(**absent, **wh, **junk, **rules)
    for name in given:
        raw = _looked_up(raw, _energies(name, energy.read(raw[name].alias("given").unique(), energy.MAXIMUM_KWH[name])))
    return raw.with_columns(**absent)


def _energies(name: str, read: pl.DataFrame) -> pl.DataFrame:
    conditions = {
        f"nul in {name}": pl.col("given").str.contains(NUL, literal=True),
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
    junk = [pl.col(name).sum() for name in good.columns if name.endswith("_junk")]
    return int(good.select(pl.sum_horizontal(junk)).item())


def _rejects(bad: pl.DataFrame, hours: pl.DataFrame) -> pl.DataFrame:
    if bad.is_empty():
        return rejected()
    told = pl.concat([bad, hours[bad["hour_index"]].select(FAULTS)], how="horizontal")
    return pl.concat(_broken(told, number) for number in told["broken_rule"].unique()).sort("line")


def _broken(bad: pl.DataFrame, number: int) -> pl.DataFrame:
    rule = list(RULES.values())[number]
    broken = bad.filter(pl.col("broken_rule") == number)
    return broken.select(
        "line",
        pl.lit(rule.column).alias("column"),
        pl.col(rule.column).str.slice(0, SHOWN_CHARACTERS).alias("value"),
        (rule.reason + named_blank(broken[rule.column])).alias("reason"),
    )
