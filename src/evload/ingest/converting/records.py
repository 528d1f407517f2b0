"""Sessions whose source says when their energy flowed: OCPI charge detail records, and Zaptec's sessions."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from evload.ingest.converting.record_fields import Unusable, moment, number, object_of, objects, text
from evload.ingest.converting.summary import Conversion
from evload.ingest.user_ids import UserIds

Record = tuple[int, dict[str, Any]]
Interval = tuple[datetime, datetime, Decimal]
"""An energy in kWh that flowed evenly between two moments."""

MOST_KWH = 9_999
MOST_TIME = timedelta(days=366)
HOUR = timedelta(hours=1)
TOLERANCE = Decimal("0.01")
NO_EVSE = "#NA"
ID_PARTS = ("country_code", "party_id", "id")


@dataclass
class Known:
    """A session of a record. `intervals` are empty where its source does not say when its energy flowed."""

    line: int
    id: str
    user: str
    location: str
    plug_in: datetime
    plug_out: datetime | None
    kwh: Decimal
    charging_seconds: int | None = None
    intervals: list[Interval] = field(default_factory=list)


Told = tuple[list[Known], list[tuple[int, str, str, str]]]
"""Sessions, and rejects."""


def sessions_of(name: str, records: Iterable[Record], conversion: Conversion, ids: UserIds) -> Told:
    """Leaves out the records of users that `ids` forgets, also those that are rejected for something else."""
    read, user_of = {"ocpi": (_of_ocpi, _ocpi_user), "zaptec": (_of_zaptec, _zaptec_user)}[name]
    sessions, rejects = [], []
    kept = [(line, record) for line, record in records if not ids.leave_out(_or_nobody(user_of, record))]
    for line, record in read(kept, conversion):
        try:
            sessions.append(record(line))
        except Unusable as error:
            rejects.append((line, "", "", str(error)))
    return sessions, rejects


Reader = Iterator[tuple[int, Any]]


def _of_ocpi(records: list[Record], conversion: Conversion) -> Reader:
    """Leaves out reservations, and credits together with what they credit."""
    ids = {_ocpi_id(record): line for line, record in records}
    credits = {line: _credited(record) for line, record in records if _credited(record)}
    gone = {line for line, credited in credits.items() if credited in ids} | {
        ids[credited] for credited in credits.values() if credited in ids
    }
    conversion.leave_out("credit another record, or are credited by one", len(gone))
    for line, record in records:
        if line in gone:
            continue
        if NO_EVSE in (_place(record).get("evse_id"), _place(record).get("evse_uid")):
            conversion.leave_out("are reservations without a charge", 1)
            continue
        yield line, lambda line, record=record: _cdr(line, record, conversion)


def _ocpi_id(record: dict[str, Any]) -> str:
    parts = [record.get(name) for name in ID_PARTS]
    return "*".join(str(part) for part in parts if part)


def _credited(record: dict[str, Any]) -> str:
    """The id of the record that this one credits, '' if none."""
    credited = record.get("credit_reference_id")
    if not credited:
        return "?" if record.get("credit") else ""
    return _ocpi_id({**record, "id": credited})


def _place(record: dict[str, Any]) -> dict[str, Any]:
    place = record.get("cdr_location") or record.get("location")
    return place if isinstance(place, dict) else {}


def _cdr(line: int, record: dict[str, Any], conversion: Conversion) -> Known:
    if credited := _credited(record):
        raise Unusable(f"credits the record {credited}, which is not in this file; load both together")
    user = _ocpi_user(record)
    start = moment(record, "start_date_time")
    stop = moment(record, "end_date_time" if "end_date_time" in record else "stop_date_time")
    total = number(record, "total_energy")
    periods = _periods(objects(record, "charging_periods"), stop)
    energy = sum((kwh for _, _, kwh in periods), Decimal())
    if energy:
        factor = _factor(energy, total)
        if factor != 1:
            conversion.sessions_in_wh += 1
        periods = [(begin, end, kwh / factor) for begin, end, kwh in periods]
    charging = None
    if record.get("total_time") is not None and record.get("total_parking_time") is not None:
        charging = round(float(number(record, "total_time") - number(record, "total_parking_time")) * 3600)
    intervals = periods if energy else []
    location = text(_place(record), "id")
    parts = {name: text(record, name) for name in ID_PARTS}
    known = Known(line, _ocpi_id(parts) if parts["id"] else "", user, location, start, stop, total, charging, intervals)
    return _checked(known, "charging_periods")


def _ocpi_user(record: dict[str, Any]) -> str:
    return text(object_of(record, "cdr_token"), "contract_id", "uid") or text(record, "auth_id")


def _periods(periods: list[dict[str, Any]], stop: datetime) -> list[Interval]:
    """A period ends where the next one begins."""
    starts = sorted(((moment(one, "start_date_time"), one) for one in periods), key=lambda pair: pair[0])
    found = []
    for (begin, one), (end, _) in pairwise([*starts, (stop, {})]):
        kwh = sum(
            (number(each, "volume") for each in objects(one, "dimensions") if each.get("type") == "ENERGY"), Decimal()
        )
        if kwh < 0:
            raise Unusable("a charging period has a negative energy")
        if kwh and end <= begin:
            raise Unusable("a charging period with energy has no length")
        found.append((begin, end, kwh))
    return [one for one in found if one[2]]


def _factor(energy: Decimal, total: Decimal) -> int:
    """What the periods' energies are divided by: those of some back ends are Wh."""
    for factor in (1, 1000):
        if abs(energy / factor - total) <= TOLERANCE * total:
            return factor
    raise Unusable(f"its charging periods have {energy} kWh together, but its total_energy is {total} kWh")


def _of_zaptec(records: list[Record], conversion: Conversion) -> Reader:
    for line, record in records:
        if record.get("EndDateTime") in (None, "") and not record.get("Energy"):
            conversion.leave_out("have no energy, as of sessions that go on", 1)
            continue
        yield line, lambda line, record=record: _zaptec(line, record)


def _zaptec(line: int, record: dict[str, Any]) -> Known:
    """A detail's energy flowed since the detail before it."""
    start = moment(record, "StartDateTime")
    stop = moment(record, "EndDateTime") if record.get("EndDateTime") else None
    total = number(record, "Energy")
    details = sorted((moment(one, "Timestamp"), number(one, "Energy")) for one in objects(record, "EnergyDetails"))
    energy = sum((kwh for _, kwh in details), Decimal())
    intervals = []
    if energy:
        if abs(energy - total) > TOLERANCE * total:
            raise Unusable(f"its EnergyDetails have {energy} kWh together, but its Energy is {total} kWh")
        times = [min(start, details[0][0]), *(moment for moment, _ in details)]
        for (begin, end), (_, kwh) in zip(pairwise(times), details, strict=True):
            if kwh < 0:
                raise Unusable("one of its EnergyDetails is negative")
            if kwh:
                intervals.append((begin if end > begin else end - timedelta(seconds=1), end, kwh))
    user = _zaptec_user(record)
    known = Known(line, text(record, "Id"), user, text(record, "DeviceId"), start, stop, total, None, intervals)
    return _checked(known, "EnergyDetails")


def _zaptec_user(record: dict[str, Any]) -> str:
    return text(record, "UserId", "UserUserName", "DeviceId")


def _or_nobody(user_of: Callable[[dict[str, Any]], str], record: dict[str, Any]) -> str:
    try:
        return user_of(record)
    except Unusable:
        return ""


def _checked(session: Known, told_by: str) -> Known:
    """Energy that flowed at another time than the session's belongs to another one, or one of the clocks is wrong."""
    if session.plug_out is not None and not timedelta() <= session.plug_out - session.plug_in <= MOST_TIME:
        raise Unusable("the session ends before it begins, or is longer than a year")
    if not 0 <= session.kwh <= MOST_KWH:
        raise Unusable(f"its energy of {session.kwh} kWh is not from 0 to {MOST_KWH} kWh")
    plug_out = session.plug_out or session.plug_in + MOST_TIME
    if any(begin < session.plug_in - HOUR or end > plug_out + HOUR for begin, end, _ in session.intervals):
        raise Unusable(f"its {told_by} lie more than an hour outside of the session")
    return session
