"""The days of the range, typed key by key, as people do."""

import re

from tests.acceptance.browser import Visit


async def test_a_date_is_typed_at_any_pace(visit: Visit) -> None:
    """Browsers tell of a change at every key that makes a date: the year 2 is one on the way to 2019."""
    for delay, leaving in ((30, "Tab"), (150, "Enter"), (400, "Tab")):
        await visit.open()
        await typed(visit, "start", "10102019", delay, leaving)
        await visit.page.wait_for_url(re.compile("start_date=2019-10-10"))
        await visit.is_("ready")
        await typed(visit, "end", "11112019", delay, "Enter" if leaving == "Tab" else "Tab")
        await visit.page.wait_for_url(re.compile("start_date=2019-10-10&end_date=2019-11-11"))
        await visit.is_("ready")
        assert "10 Oct" in await visit.text("#subject")


async def typed(visit: Visit, field: str, keys: str, delay: int, leaving: str) -> None:
    """Into a field that was just reached. Day and month are the same number: a browser's order of them may be any."""
    await visit.page.locator("#compare").focus()
    await visit.page.locator(f"#{field}").focus()
    await visit.page.keyboard.type(keys, delay=delay)
    assert not re.search("date=[01]", visit.page.url)  # a year on the way
    await visit.page.keyboard.press(leaving)
    if leaving == "Tab":  # past the button of the calendar, out of the field
        await visit.page.locator("#compare").focus()


async def test_what_is_typed_around_the_data_is_understood(visit: Visit) -> None:
    await visit.open("?start_date=2019-10&end_date=2019-10")
    await typed(visit, "start", "111119", 30, "Tab")  # a browser makes the year 19 of it
    await visit.page.wait_for_url(re.compile("start_date=2019-11-11"))
    await typed(visit, "end", "12122099", 30, "Enter")  # long after the data: it runs to their end
    await visit.shows("body:not([data-state=loading])")
    assert await visit.page.locator("#end").input_value() == "2020-01-02"
    assert "end_date" not in visit.page.url
    await visit.page.locator("#start").focus()
    await visit.page.keyboard.press("Backspace")  # half a date is none
    await visit.page.locator("#compare").focus()
    assert await visit.page.locator("#start").input_value() == "2019-11-11"


async def test_a_day_of_the_calendar_is_taken_at_once(visit: Visit) -> None:
    await visit.open()
    await visit.page.locator("#start").fill("2019-11-05")  # without a key, as the calendar does
    await visit.page.wait_for_url(re.compile("start_date=2019-11-05"))
