import re
from dataclasses import replace

import pytest

from evload.api.pages import dashboard
from evload.measures import MEASURES

SITE = "Garage <A> [[script]]"
ADDRESS = re.compile(r'(?:src|href)="(dashboard/[^"]+)"')


def test_every_address_in_the_page_is_served_and_every_module_is_preloaded() -> None:
    files = dashboard.files(SITE)
    addresses = ADDRESS.findall(html())
    assert {f"/{address}" for address in addresses} == files.keys() - {"/dashboard"}
    preloaded = re.findall(r'modulepreload" href="[^"]+/([^"/]+)"', html())
    assert preloaded == sorted(path.name for path in dashboard.FOLDER.glob("*.js"))


def test_the_page_offers_every_measure_and_escapes_its_title(monkeypatch: pytest.MonkeyPatch) -> None:
    more = (*MEASURES, replace(MEASURES[0], name="one_more_kwh", title="More & <more>"))
    monkeypatch.setattr(dashboard, "MEASURES", more)
    select = html().partition('<select id="measure">')[2].partition("</select>")[0]
    assert re.findall(r'<option value="(\w+)"', select) == [measure.name for measure in more]
    assert ">More &amp; &lt;more&gt;<" in html()
    assert "[[" not in html().replace("[[script]]", "")


def test_the_page_is_titled_by_the_name_of_the_site() -> None:
    assert "<title>Garage &lt;A&gt; [[script]]</title>" in html()
    assert ">Garage &lt;A&gt; [[script]]</h1>" in html()


def html() -> str:
    plotly = next(path for path in dashboard.files(SITE) if path.endswith("plotly.min.js"))
    return dashboard.page(SITE, list(dashboard.assets()), plotly.removeprefix("/"))
