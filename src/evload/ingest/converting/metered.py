"""Sessions of records into frames: the sessions themselves, and what of each flowed in which hour."""

from collections.abc import Iterable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from itertools import compress

import polars as pl

from evload.ingest.block import Block
from evload.ingest.cleaning.texts import normalised
from evload.ingest.converting.cells import parted
from evload.ingest.converting.hours import Hours
from evload.ingest.converting.records import Known, Record, sessions_of
from evload.ingest.converting.session_hours import SessionHours, only_longest
from evload.ingest.converting.sessions import SESSIONS, session_faults
from evload.ingest.converting.summary import Conversion
from evload.ingest.frames import rejected
from evload.ingest.user_ids import UserIds

NAMES = ("user_id", "location_id", "source_session_id")
METERED = pl.Schema({"row": pl.UInt32(), "hour": pl.Int64(), "metered_kwh_wh": pl.Int64()})


def read_records(
    name: str, records: Iterable[Record], conversion: Conversion, ids: UserIds
) -> tuple[pl.DataFrame, list[Known], pl.DataFrame]:
    """Gives a frame of SESSIONS, the same sessions with the intervals of their energy, and the rejects."""
    known, rejects = sessions_of(name, records, conversion, ids)
    rows = [
        (
            session.line,
            session.id,
            session.user,
            session.location,
            session.plug_in,
            session.plug_out,
            _wh(session.kwh),
            None if session.plug_out is None else int((session.plug_out - session.plug_in).total_seconds()),
            session.charging_seconds,
        )
        for session in known
    ]
    sessions = pl.DataFrame(rows, schema=SESSIONS, orient="row")
    sessions = sessions.with_columns(normalised(sessions[name]) for name in NAMES)
    good, misnamed = parted(sessions, session_faults(sessions, NAMES, "session without a user"), ())
    if good is not None:
        sessions, known = sessions.filter(good), list(compress(known, good))
    sessions = sessions.with_columns(ids.stored(sessions["user_id"]))
    is_longest, repeated = only_longest(sessions)
    sessions, known = sessions.filter(is_longest), list(compress(known, is_longest))
    conversion.energy_in_wh += float(sum((session.kwh for session in known), Decimal())) * 1000
    return sessions, known, pl.concat([rejected(rejects), misnamed, repeated])


def metered_hours(known: list[Known], hours: Hours) -> pl.DataFrame:
    """What flowed in each hour of each session that says so: whole Wh, which add up to the session's energy."""
    pieces = [
        (row, int(begin.timestamp()), int(end.timestamp()), kwh)
        for row, session in enumerate(known)
        for begin, end, kwh in session.intervals
    ]
    cut = hours.cut(
        pl.DataFrame(
            [(row, begin, end, int(kwh * 10**9)) for row, begin, end, kwh in pieces],
            schema={"row": pl.UInt32(), "start": pl.Int64(), "end": pl.Int64(), "energy": pl.Int64()},
            orient="row",
        )
    )
    shares = cut.group_by("row", "hour").agg(pl.col("energy").sum()).sort("row", "hour")
    rows = []
    for (row,), some in shares.partition_by("row", as_dict=True, maintain_order=True).items():
        parts = largest_remainder(some["energy"].to_list(), _wh(known[row].kwh))
        rows += [(row, hour, wh) for hour, wh in zip(some["hour"], parts, strict=True)]
    return pl.DataFrame(rows, schema=METERED, orient="row")


def largest_remainder(shares: list[int], total: int) -> list[int]:
    """Parts a whole number like the shares, into whole numbers: what is left goes to the largest remainders."""
    every = sum(shares)
    parts = [total * share // every for share in shares]
    order = sorted(range(len(shares)), key=lambda place: -(total * shares[place] % every))
    for place in order[: total - sum(parts)]:
        parts[place] += 1
    return parts


def converted_records(
    name: str,
    records: Iterator[Record],
    hours: SessionHours,
    conversion: Conversion,
    ids: UserIds,
    *,
    with_model: bool,
) -> Iterator[tuple[Block | None, pl.DataFrame, int]]:
    """Gives blocks, rejects, and how many records were read.

    Where every session says when its energy flowed, nothing is modelled, unless the model is asked for.
    """
    counted = Counting(records)
    sessions, known, rejects = read_records(name, counted, conversion, ids)
    yield None, rejects, counted.count
    without = sum(not session.intervals and session.kwh > 0 for session in known)
    metered = metered_hours(known, hours.hours)
    if metered.height and without:
        conversion.notes.append(
            f"{without:,} sessions do not say when their energy flowed, so that metered_kwh lacks them; all sessions"
            " are in the synthetic measures"
        )
    if conversion.sessions_in_wh:
        conversion.notes.append(
            f"the charging periods of {conversion.sessions_in_wh:,} sessions were read as Wh: as kWh they had 1,000"
            " times their session's energy"
        )
    model = with_model or not metered.height or without > 0
    for block in hours.blocks(sessions, metered if metered.height else None, with_model=model):
        yield block, rejected(), 0


class Counting:
    def __init__(self, records: Iterator[Record]) -> None:
        self._records = records
        self.count = 0

    def __iter__(self) -> Iterator[Record]:
        for record in self._records:
            self.count += 1
            yield record


def _wh(kwh: Decimal) -> int:
    return int((kwh * 1000).quantize(Decimal(1), ROUND_HALF_UP))
