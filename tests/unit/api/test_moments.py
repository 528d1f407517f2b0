from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from evload.api.contract.moments import first_instant, is_backward, last_instant

OSLO = ZoneInfo("Europe/Oslo")
END_OF_TIME = datetime.max.replace(tzinfo=UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2019-01-01T10:00:00", "2019-01-01T09:00"),
        ("2019-01-01 10:00", "2019-01-01T09:00"),
        ("2019-07-01T10:00", "2019-07-01T08:00"),
        ("2019-01-01T10:00:00Z", "2019-01-01T10:00"),
        ("2019-01-01T10:00:00+05:30", "2019-01-01T04:30"),
        ("2019-01-01T10:00:00 05:30", "2019-01-01T04:30"),
        ("2019-01-01 10:00 05:30", "2019-01-01T04:30"),
        ("2019-01-01T10:00:00.5 0530", "2019-01-01T04:30:00.500000"),
        ("2019-01-01T10:00:00-05:00", "2019-01-01T15:00"),
        (" 2019-01-01T10:00:00Z ", "2019-01-01T10:00"),
        ("1546336800", "2019-01-01T10:00"),
        ("1546336800000", "2019-01-01T10:00"),
        ("1546336800.25", "2019-01-01T10:00:00.250000"),
    ],
)
def test_an_exact_moment_is_one_instant(text: str, instant: str) -> None:
    assert first_instant(text, OSLO) == last_instant(text, OSLO) == utc(instant)


def test_a_plain_date_is_its_whole_day() -> None:
    assert first_instant("2019-01-01", OSLO) == utc("2018-12-31T23:00")
    assert last_instant("2019-01-01", OSLO) == utc("2019-01-01T22:59:59.999999")


@pytest.mark.parametrize(("day", "hours"), [("2019-03-31", 23), ("2019-10-27", 25)])
def test_a_day_of_change_has_its_own_length(day: str, hours: int) -> None:
    length = last_instant(day, OSLO) - first_instant(day, OSLO)
    assert length == timedelta(hours=hours) - timedelta(microseconds=1)


def test_a_doubled_time_starts_at_the_first_and_ends_at_the_second() -> None:
    assert first_instant("2019-10-27T02:30:00", OSLO) == utc("2019-10-27T00:30")
    assert last_instant("2019-10-27T02:30:00", OSLO) == utc("2019-10-27T01:30")


@pytest.mark.parametrize("text", ["2019-03-31T02:00:00", "2019-03-31T02:30:00", "2019-03-31T02:59:59.5"])
def test_a_skipped_time_lies_at_the_change(text: str) -> None:
    change = utc("2019-03-31T01:00")
    assert first_instant(text, OSLO) == change
    assert last_instant(text, OSLO) == change - timedelta(microseconds=1)


def test_a_midnight_that_does_not_exist_is_the_change() -> None:
    # Beirut's clocks go from 24:00 to 01:00.
    assert first_instant("2022-03-27", ZoneInfo("Asia/Beirut")) == utc("2022-03-26T22:00")


@pytest.mark.parametrize(
    ("start", "end", "zone"),
    [
        ("2019-03-31T02:10", "2019-03-31T02:50", "Europe/Oslo"),
        ("2019-03-31T02:10", "2019-03-31T02:10", "Europe/Oslo"),
        ("2019-03-31T02:10", "2019-03-31T03:00", "Europe/Oslo"),
        ("2019-03-31T01:59", "2019-03-31T02:10", "Europe/Oslo"),
        ("2011-12-30", "2011-12-30", "Pacific/Apia"),
        ("2011-12-30T10:00", "2011-12-30", "Pacific/Apia"),
        ("2011-12-29", "2011-12-30", "Pacific/Apia"),
        ("2011-12-30", "2011-12-31", "Pacific/Apia"),
        ("2019-10-27T02:50", "2019-10-27T02:10", "Europe/Oslo"),  # from the first of the doubled hours into the second
    ],
)
def test_skipped_and_doubled_times_run_forward(start: str, end: str, zone: str) -> None:
    assert not is_backward(first_instant(start, ZoneInfo(zone)), last_instant(end, ZoneInfo(zone)))


@pytest.mark.parametrize(
    ("start", "end", "zone"),
    [
        ("2019-03-31T02:50", "2019-03-31T02:10", "Europe/Oslo"),
        ("2019-03-31T03:00", "2019-03-31T02:50", "Europe/Oslo"),
        ("2019-03-31T02:10", "2019-03-31T01:59:59.999999", "Europe/Oslo"),
        ("2011-12-31", "2011-12-30", "Pacific/Apia"),
        ("2011-12-30", "2011-12-29", "Pacific/Apia"),
        ("2011-12-30T10:00", "2011-12-30T09:00", "Pacific/Apia"),
    ],
)
def test_skipped_times_run_backward_as_they_are_written(start: str, end: str, zone: str) -> None:
    assert is_backward(first_instant(start, ZoneInfo(zone)), last_instant(end, ZoneInfo(zone)))


@pytest.mark.parametrize("zone", ["Europe/Oslo", "America/New_York", "UTC"])
def test_the_ends_of_the_calendar_are_no_error(zone: str) -> None:
    assert first_instant("0001-01-01", ZoneInfo(zone)) <= utc("0001-01-02")
    assert utc("9999-12-31") <= last_instant("9999-12-31", ZoneInfo(zone)) <= END_OF_TIME
    assert last_instant("9999-12-31T23:59:59.999999", ZoneInfo(zone)) <= END_OF_TIME


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "yesterday",
        "2019-02-29",
        "2019-13-01",
        "2019-01-01T25:00",
        "1e5",
        "nan",
        "--1",
        "-3600",
        "9" * 400,
        "2019-01-01T1",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises((ValueError, OverflowError)):
        first_instant(text, OSLO)
