import re
from dataclasses import replace

import pytest

from evload.api.pages import dashboard
from evload.measures import MEASURES

ADDRESS = re.compile(r'(?:src|href)="(dashboard/[^"]+)"')


def test_every_address_in_the_page_is_served_and_every_module_is_preloaded() -> None:
    files = dashboard.files()
    addresses = ADDRESS.findall(html())
    assert {f"/{address}" for address in addresses} == files.keys() - {"/dashboard"}
    preloaded = re.findall(r'modulepreload" href="[^"]+/([^"/]+)"', html())
    assert preloaded == sorted(path.name for path in dashboard.FOLDER.glob("*.js"))


def test_the_page_offers_every_measure_and_escapes_its_title(monkeypatch: pytest.MonkeyPatch) -> None:
    more = (*MEASURES, replace(MEASURES[0], name="one_more_kwh", title="More & <more>"))
    monkeypatch.setattr(dashboard, "MEASURES", more)
    assert re.findall(r'<option value="(\w+)"', html()) == [measure.name for measure in more]
    assert ">More &amp; &lt;more&gt;<" in html()
    assert "[[" not in html()


def html() -> str:
    plotly = next(path for path in dashboard.files() if path.endswith("plotly.min.js"))
    return dashboard.page(list(dashboard.assets()), plotly.removeprefix("/"))
