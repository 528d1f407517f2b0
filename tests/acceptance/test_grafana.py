"""The Grafana dashboard in `docs/grafana`: every address that it asks answers, with every field that it names."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evload.measures import NAMES
from tests.acceptance.processes import Api

SITE = json.loads((Path(__file__).parents[2] / "docs/grafana/site.json").read_text(encoding="utf-8"))
VARIABLES = {one["name"]: one for one in SITE["templating"]["list"]}
PLUGIN = "yesoreyeram-infinity-datasource"
VARIABLE = re.compile(r"\$\{(\w+)(?::(\w+))?\}")
# 2025-10-01 and 2025-10-31 on the site's clock, as Grafana writes its range.
RANGE = {"__from": "1759269600000", "__to": "1761951599999"}
CHOICES: dict[str, dict[str, Any]] = {
    "nobody chosen": {"user": [], "location": []},
    "one user": {"user": ["BjL1-2"], "location": []},
    "users and the location of rows that name none": {"user": ["BjL1-2", "BjL1-3"], "location": ['""']},
}


def queries(node: Any) -> Iterator[dict[str, Any]]:
    """Every query of the data source, of panels and of variables."""
    if isinstance(node, dict):
        if "url" in node:
            yield node
        for value in node.values():
            yield from queries(value)
    elif isinstance(node, list):
        for value in node:
            yield from queries(value)


QUERIES = list(queries(SITE))


def filled(url: str, values: dict[str, Any]) -> str:
    """Does what Grafana does with variables: a list needs the format csv here, and nothing else may be one."""

    def value(found: re.Match[str]) -> str:
        chosen = values[found[1]]
        assert isinstance(chosen, list) == (found[2] == "csv"), found[0]
        return ",".join(chosen) if found[2] else str(chosen)

    return VARIABLE.sub(value, url)


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query["url"].partition("?")[0])
@pytest.mark.parametrize("choice", CHOICES)
def test_an_address_answers_with_every_field_that_is_shown(sample_api: Api, query: dict[str, Any], choice: str) -> None:
    values = {"evload": sample_api.address, "measure": NAMES[0], **RANGE, **CHOICES[choice]}
    url = filled(query["url"], values)
    assert "$" not in url
    answer = sample_api.get(url)
    assert answer.status_code == 200, answer.text
    rows = answer.json() if isinstance(answer.json(), list) else [answer.json()]
    assert rows
    assert query["columns"]
    for column in query["columns"]:
        found = [row[column["selector"]] for row in rows]
        if column["type"] == "timestamp":
            assert all(moment.endswith("Z") for moment in found)
        if column["type"] == "number":
            assert all(isinstance(number, int | float) for number in found)


def test_variables_are_those_of_the_dashboard() -> None:
    used = {name for query in QUERIES for name, _ in VARIABLE.findall(query["url"])}
    assert used | {"datasource"} == set(VARIABLES) | set(RANGE)
    for name in ("user", "location"):
        assert VARIABLES[name]["multi"]
        assert not VARIABLES[name]["includeAll"]
    assert VARIABLES["measure"]["query"].split(",") == list(NAMES)


def test_panels_ask_the_plugin_and_lie_beside_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in SITE["panels"]:
        assert panel["datasource"] == panel["targets"][0]["datasource"] == {"type": PLUGIN, "uid": "${datasource}"}
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells
        named = {column["text"] for column in panel["targets"][0]["columns"]}
        assert {override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"]} <= named
        assert panel["options"].get("xField", next(iter(named))) in named
    assert len({panel["id"] for panel in SITE["panels"]}) == len(SITE["panels"])
