"""Sessions whose source says when their energy flowed: OCPI charge detail records, and Zaptec's sessions."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Any

from evload.ingest.cleaning.moments import YEARS
from evload.ingest.converting.summary import Conversion
from evload.ingest.frames import SHOWN_CHARACTERS

Record = tuple[int, dict[str, Any]]
Interval = tuple[datetime, datetime, Decimal]
"""An energy in kWh that flowed evenly between two moments."""

MOST_KWH = 9_999
TOLERANCE = Decimal("0.01")
NO_EVSE = "#NA"
LARGEST = 10**9


class Unusable(ValueError):
    """Why a record is rejected."""


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


def sessions_of(name: str, records: Iterable[Record], conversion: Conversion) -> Told:
    read = {"ocpi": _of_ocpi, "zaptec": _of_zaptec}[name]
    sessions, rejects = [], []
    for line, record in read(list(records), conversion):
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
    parts = [record.get(name) for name in ("country_code", "party_id", "id")]
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
    token = _object(record, "cdr_token")
    user = token.get("contract_id") or token.get("uid") or record.get("auth_id") or ""
    start = _moment(record, "start_date_time")
    stop = _moment(record, "end_date_time" if "end_date_time" in record else "stop_date_time")
    total = _number(record, "total_energy")
    periods = _periods(_objects(record, "charging_periods"), stop)
    energy = sum((kwh for _, _, kwh in periods), Decimal())
    if energy:
        factor = _factor(energy, total)
        if factor != 1:
            conversion.wattage_notes += 1
        periods = [(begin, end, kwh / factor) for begin, end, kwh in periods]
    charging = None
    if record.get("total_time") is not None and record.get("total_parking_time") is not None:
        charging = round(float(_number(record, "total_time") - _number(record, "total_parking_time")) * 3600)
    intervals = periods if energy else []
    return _checked(
        Known(
            line,
            _ocpi_id(record),
            str(user),
            str(_place(record).get("id") or ""),
            start,
            stop,
            total,
            charging,
            intervals,
        )
    )


def _periods(periods: list[dict[str, Any]], stop: datetime) -> list[Interval]:
    """A period ends where the next one begins."""
    starts = sorted(((_moment(one, "start_date_time"), one) for one in periods), key=lambda pair: pair[0])
    found = []
    for (begin, one), (end, _) in pairwise([*starts, (stop, {})]):
        kwh = sum(
            (_number(each, "volume") for each in _objects(one, "dimensions") if each.get("type") == "ENERGY"), Decimal()
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
    start = _moment(record, "StartDateTime")
    stop = _moment(record, "EndDateTime") if record.get("EndDateTime") else None
    total = _number(record, "Energy")
    details = sorted((_moment(one, "Timestamp"), _number(one, "Energy")) for one in _objects(record, "EnergyDetails"))
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
    user = record.get("UserId") or record.get("UserUserName") or record.get("DeviceId") or ""
    known = Known(line, str(record.get("Id") or ""), str(user), str(record.get("DeviceId") or ""), start, stop, total)
    known.intervals = intervals
    return _checked(known)


def _checked(session: Known) -> Known:
    if not session.user:
        raise Unusable("session without a user")
    if session.plug_out is not None and not timedelta() <= session.plug_out - session.plug_in <= timedelta(days=366):
        raise Unusable("the session ends before it begins, or is longer than a year")
    if not 0 <= session.kwh <= MOST_KWH:
        raise Unusable(f"its energy of {session.kwh} kWh is not from 0 to {MOST_KWH} kWh")
    return session


def _object(record: dict[str, Any], name: str) -> dict[str, Any]:
    value = record.get(name) or {}
    if not isinstance(value, dict):
        raise Unusable(f"its {name} is no object")
    return value


def _objects(record: dict[str, Any], name: str) -> list[dict[str, Any]]:
    values = record.get(name) or []
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise Unusable(f"its {name} is no list of objects")
    return values


def _moment(record: dict[str, Any], name: str) -> datetime:
    """A time without a designator is in UTC."""
    try:
        moment = datetime.fromisoformat(str(record.get(name)))
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unusable(f"its {name} is no time: {_shown(record.get(name))}") from None
    if not YEARS[0] < moment.year < YEARS[1]:
        raise Unusable(f"its {name} is no time of these years: {_shown(record.get(name))}")
    return moment.replace(microsecond=0)


def _number(record: dict[str, Any], name: str) -> Decimal:
    """In OCPI 2.3 and in some earlier back ends an amount may be an object or a text."""
    try:
        number = Decimal(str(record.get(name)))
    except InvalidOperation:
        raise Unusable(f"its {name} is no number: {_shown(record.get(name))}") from None
    if not number.is_finite() or abs(number) > LARGEST:
        raise Unusable(f"its {name} is no number that is taken: {_shown(record.get(name))}")
    return number


def _shown(value: Any) -> str:
    return repr(value)[:SHOWN_CHARACTERS]
