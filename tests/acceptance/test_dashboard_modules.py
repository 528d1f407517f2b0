"""The dashboard's pure modules, called in the browser on the page that they belong to."""

from typing import Any

import pytest

from tests.acceptance.browser import Visit

IMPORTED = "const m = await import(document.querySelector('link[href$=\"/%s.js\"]').href)"


@pytest.mark.parametrize(
    ("module", "expression", "expected"),
    [
        ("format", "m.number(1234.5)", "1,234.50"),
        ("format", "m.number(null)", "\N{EN DASH}"),
        ("format", "m.number(0, 0)", "0"),
        ("format", "m.percent(0.1234, { signDisplay: 'exceptZero' })", "+12.3%"),
        ("format", "m.toDay(m.toMs('2020-02-28') + m.DAY)", "2020-02-29"),
        ("format", "m.toText(m.toMs('2019-03-31T02:30:00+02:00'))", "2019-03-31T02:30:00"),
        ("format", "m.weekdays('short')", ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]),
        ("format", "m.ago(3.5 * m.DAY)", "3 days ago"),
        ("format", "m.ago(0)", "0 hours ago"),
        ("ranges", "m.presetStart({ days: 7 }, '2020-01-02')", "2019-12-27"),
        ("ranges", "m.presetStart({ months: 12 }, '2020-02-29')", "2019-03-01"),
        ("ranges", "m.presetStart({ days: 0 }, '2020-02-29')", ""),
        ("ranges", "m.presetOf({ start: '2019-12-27', end: '' }, '2020-01-02').name", "7 days"),
        ("ranges", "m.presetOf({ start: '2019-12-27', end: '2020-01-01' }, '2020-01-02')", None),
        ("ranges", "`${m.rangeQuery({ measure: 'x', start: '2020-01-02' })}`", "measure=x&start_date=2020-01-02"),
        ("ranges", "`${m.rangeQuery({ measure: '', end: '2020-01-02' })}`", "end_date=2020-01-02"),
        (
            "ranges",
            "m.daysCompared({ start: '2020-01-05', compare: 'previous' },"
            " [{ day: '2020-01-03' }, { day: '2020-01-06' }])",
            {"start": "2020-01-03", "end": "2020-01-04", "length": 2, "days": [{"day": "2020-01-03"}]},
        ),
        ("ranges", "m.daysCompared({ start: '2020-01-05', compare: 'previous' }, [{ day: '2020-01-06' }])", None),
        (
            "ranges",
            "m.comparedRange({ start: '2019-03-01', end: '2019-03-31' }, 'previous')",
            {"start": "2019-02-01", "end": "2019-02-28"},
        ),
        (
            "ranges",
            "m.comparedRange({ start: '2019-03-04', end: '2019-03-10' }, 'previous')",
            {"start": "2019-02-25", "end": "2019-03-03"},
        ),
        (
            "ranges",
            "m.comparedRange({ start: '2021-02-01', end: '2021-02-28' }, 'year')",
            {"start": "2020-02-01", "end": "2020-02-29"},
        ),
        (
            "ranges",
            "m.comparedRange({ start: '2020-02-29', end: '2020-03-10' }, 'year')",
            {"start": "2019-03-01", "end": "2019-03-10"},
        ),
        (
            "ranges",
            "m.comparedRange({ start: '2020-02-10', end: '2020-02-29' }, 'year')",
            {"start": "2019-02-10", "end": "2019-02-28"},
        ),
        ("members", "m.readIds(new URLSearchParams('u=b,a&u=%22x%22%22,y%22&u=%22%22'), 'u')", ["", "a", "b", 'x",y']),
        ("members", "m.readIds(new URLSearchParams('u=a%22b'), 'u')", None),
        ("members", "m.readIds(new URLSearchParams('u=a,'), 'u')", None),
        (
            "members",
            "(() => { const q = new URLSearchParams(); m.addIds(q, 'u', ['', 'a,b', 'c\"', 'd']);"
            " return q.getAll('u') })()",
            ['""', '"a,b"', '"c"""', "d"],
        ),
        ("format", "m.inWords(99999.5, 'kWh')", "99,999.50 kWh"),
        ("format", "m.inWords(5349244.63, 'kWh')", "5,349.24 MWh"),
        ("format", "m.inWords(5e9, 'kWh')", "5,000.00 GWh"),
        ("format", "m.inWords(1234567, 'kW')", "1,234.57 MW"),
        (
            "series",  # the mean leaves the days out that were not observed
            "m.sevenDayMean([1, 2, 7, 8, 15].map((n) => ({ day: `2020-01-${`${n}`.padStart(2, 0)}`, v: n })), 'v')",
            [None, None, 3.333, 5.667, 15],
        ),
        (
            "series",  # days without charging after others are 0, and not what floats leave of their difference
            "m.sevenDayMean([0.35, 0.93, 0.3, 0, 0, 0, 0, 0, 0, 0].map((v, n) => ({ v,"
            " day: `2024-01-${`${n + 1}`.padStart(2, 0)}` })), 'v').map((mean) => Object.is(mean, -0) ? '-0' : mean)",
            [None, None, None, None, None, None, 0.226, 0.176, 0.043, 0],
        ),
        ("format", "m.changeOf(5)", "+500.0%"),
        ("format", "m.changeOf(20.3)", "\N{MULTIPLICATION SIGN} 21"),
        ("format", "m.changeOf(null)", "\N{EN DASH}"),
        ("ranges", "m.monthWithin({ start: '2019-02-01', end: '2019-02-28' }, '2019-02-10T18:00:00')", None),
        (
            "ranges",
            "m.monthWithin({ start: '2019-02-05', end: '2019-03-02' }, '2019-02-10')",
            {"start": "2019-02-05", "end": "2019-02-28"},
        ),
        ("format", "m.number(-0.0004, 3)", "0.000"),
        ("format", "m.number(-0)", "0.00"),
        ("format", "m.percent(-0.0001, { signDisplay: 'exceptZero' })", "0.0%"),
        ("format", "m.number(-0.5, 1)", "-0.5"),
    ],
)
async def test_a_pure_function_gives_what_is_expected(
    opened: Visit, module: str, expression: str, expected: Any
) -> None:
    called = f"async () => {{ {IMPORTED % module}; return {expression} }}"
    assert await opened.page.evaluate(called) == expected


@pytest.fixture
async def opened(visit: Visit) -> Visit:
    await visit.open("?start_date=2019-12-30")
    return visit
