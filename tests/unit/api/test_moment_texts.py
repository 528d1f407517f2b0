"""The texts that mean a moment or a day, against what they were written from and against Python's own parser."""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from evload.api.contract.moment_texts import first_and_last
from evload.api.contract.moments import first_instant, last_instant

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
DATE_FORMATS = ("%Y-%m-%d", "%Y%m%d", "%G-W%V-%u", "%GW%V%u")
days = st.dates(date(1000, 1, 1), date(9999, 12, 30))
offsets = st.integers(-23 * 60 - 59, 23 * 60 + 59)
REFUSED = (ValueError, OverflowError)


def same(moment: datetime) -> tuple[datetime, datetime]:
    return moment, moment


@st.composite
def clock_times(draw: st.DrawFn) -> tuple[str, time]:
    """A time of day in one of the precisions and forms of ISO 8601."""
    whole = draw(st.times())
    parts = draw(st.integers(1, 4))
    hour, minute, second = (n if i < parts else 0 for i, n in enumerate((whole.hour, whole.minute, whole.second)))
    microsecond = whole.microsecond if parts == 4 else 0
    text = draw(st.sampled_from([":", ""])).join(f"{number:02}" for number in (hour, minute, second)[:parts])
    if parts == 4:
        text += draw(st.sampled_from(".,")) + f"{microsecond:06}" + draw(st.sampled_from(["", "000", "999"]))
    return text, time(hour, minute, second, microsecond)


@st.composite
def offset_texts(draw: st.DrawFn) -> tuple[str, timezone | None]:
    form = draw(st.sampled_from(["none", "Z", "z", "hours", "basic", "extended"]))
    if form in ("none", "Z", "z"):
        return ("", None) if form == "none" else (form, UTC)
    minutes = draw(offsets)
    minutes = int(minutes / 60) * 60 if form == "hours" else minutes
    sign = "-" if minutes < 0 else draw(st.sampled_from("+ "))  # an unescaped + arrives as a space
    hours, rest = divmod(abs(minutes), 60)
    text = {"hours": f"{hours:02}", "basic": f"{hours:02}{rest:02}", "extended": f"{hours:02}:{rest:02}"}[form]
    return sign + text, timezone(timedelta(minutes=minutes))


@given(
    day=days,
    form=st.sampled_from(DATE_FORMATS),
    separator=st.sampled_from("Tt "),
    clock=clock_times(),
    offset=offset_texts(),
)
def test_a_day_with_a_time_is_one_moment(
    day: date, form: str, separator: str, clock: tuple[str, time], offset: tuple[str, timezone | None]
) -> None:
    text = f"{day:{form}}{separator}{clock[0]}{offset[0]}"
    found = first_and_last(text)
    assert found == same(datetime.combine(day, clock[1], offset[1])), text
    assert found[0].utcoffset() == (offset[1] and offset[1].utcoffset(None))


@given(day=days, form=st.sampled_from(DATE_FORMATS))
def test_a_plain_date_is_its_whole_day(day: date, form: str) -> None:
    start = datetime.combine(day, time.min)
    assert first_and_last(f"{day:{form}}") == (start, start + timedelta(days=1) - MICROSECOND)


@given(year=st.integers(1, 9998), month=st.integers(1, 12))
def test_a_month_and_a_year_are_all_of_it(year: int, month: int) -> None:
    next_month = datetime(year + month // 12, month % 12 + 1, 1)
    assert first_and_last(f"{year:04}-{month:02}") == (datetime(year, month, 1), next_month - MICROSECOND)
    assert first_and_last(f"{year:04}") == (datetime(year, 1, 1), datetime(year + 1, 1, 1) - MICROSECOND)


@given(digits=st.text("0123456789", min_size=1, max_size=25))
@example("0" * 9)
@example("9" * 10)
@example("0" * 12)
@example("9" * 13)
def test_the_number_of_digits_tells_what_they_are(digits: str) -> None:
    if len(digits) in (9, 10):
        assert first_and_last(digits) == same(EPOCH + timedelta(seconds=int(digits)))
    elif len(digits) in (12, 13):
        assert first_and_last(digits) == same(EPOCH + timedelta(milliseconds=int(digits)))
    elif len(digits) not in (4, 8):  # years and days
        with pytest.raises(REFUSED):
            first_and_last(digits)


@given(
    text=st.from_regex(r"[0-9]{4}-?W?[0-9]{0,2}-?[0-9]{0,2}[T _+-]?[0-9:.,]{0,8}[Zz +-]?[0-9:]{0,5}", fullmatch=True)
)
def test_what_is_read_pythons_own_parser_reads_alike(text: str) -> None:
    try:
        first, last = first_and_last(text)
    except REFUSED:
        return
    plain = text.strip()
    is_unix = bool(re.fullmatch(r"\d+(\.\d+)?", plain)) and not (plain.isdigit() and len(plain) == 8)
    if is_unix or len(plain) == 7 or "24" in plain[8:]:
        return  # other tests know Unix times, years, months, and the midnight that ends a day
    head, separator, offset = plain.rpartition(" ")
    if separator and len(head) > 10:
        plain = f"{head}+{offset}"
    wanted = datetime.fromisoformat(plain.upper())
    assert (first, first.tzinfo is None) == (wanted, wanted.tzinfo is None)
    assert last in (wanted, wanted + timedelta(days=1) - MICROSECOND)


@given(text=st.text(max_size=20) | st.from_regex(r"[0-9TZW:.,+ -]{0,24}", fullmatch=True))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        first, last = first_and_last(text)
    except REFUSED:
        return
    assert first == last or (first.time(), last.time()) == (time.min, time.max)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("1546336800.25", "2019-01-01T10:00:00.250000"),
        ("1546336800123.5", "2019-01-01T10:00:00.123500"),
        ("2018-12-31T24:00Z", "2019-01-01T00:00"),
        ("20181231T240000+0000", "2019-01-01T00:00"),
    ],
)
def test_fractions_and_the_midnight_that_ends_a_day(text: str, instant: str) -> None:
    assert first_and_last(text) == same(datetime.fromisoformat(instant).replace(tzinfo=UTC))


@pytest.mark.parametrize("zone", ["Europe/Oslo", "America/New_York", "Pacific/Kiritimati"])
@pytest.mark.parametrize("text", ["9999", "9999-12", "9999-12-31", "99991231"])
def test_the_end_of_the_calendar_is_no_end(text: str, zone: str) -> None:
    assert last_instant(text, ZoneInfo(zone)) == datetime.max.replace(tzinfo=UTC)
    assert first_instant("0001", ZoneInfo(zone)) <= datetime(1, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "0000", "2020-13", "2020-00", "2020-1", "202001", "2020-W05", "2020-001", "2020001", "20200132", "2020-02-30",
        "20200131100000", "2020-01-31T", "2020-01-31T1", "2020-01-31T24:01", "2020-01-31T10:60", "2020-01-31T23:59:60",
        "2020-01-31T10:00+24:00", "2020-01-31T10:00+01:60", "2020-01-31T10:00+1", "2020-01-31Z", "2020-01-31_10:00",
        "-1546336800", "+1546336800", "-3600", "1e9", "1546336800.", "0x123456789", "1_546_336_800", "9" * 400,
        "\uff11546336800", "\uff12020", "2020-W54-1", "2020-W05-8", "now", "now-7d", "nan", "9999-12-31T24:00",
    ],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(REFUSED):
        first_and_last(text)
