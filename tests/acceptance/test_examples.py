"""Every address of the API that the documents name is asked, on the bundled sample that they are about."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from evload.api.contract.endpoints import ENDPOINTS
from evload.api.contract.exports import EXPORTS
from evload.api.contract.service import OPERATIONS
from tests.acceptance.processes import Api
from tests.endpoints import OF_SESSIONS, REQUIRED, with_query

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ADDRESS = "http://127.0.0.1:8000"
URL = re.compile(rf"{re.escape(ADDRESS)}(/[^\s'\"`<>)]*)['\"]?(?:[ \t]+#[ \t]+(\d{{3}}\b)?[ \t]*([\[{{].*[\]}}])?)?")
PATH = re.compile(r"`(/[a-z][^`\s]*)`")
PAGES = {"/dashboard", "/docs", "/redoc", "/openapi.json"}
KNOWN = {*(endpoint.path for endpoint in (*ENDPOINTS, *EXPORTS)), *(operation.path for operation in OPERATIONS), *PAGES}
ENDLESS = {"/events"}
BEHIND_PROXY = "/ev/"  # which the tests of the page on deploying ask
PLACES = {"{user_id}": "BjL1-2", "INDEX": "5"}


class Example(NamedTuple):
    document: str
    address: str
    status: int = 200
    answer: str = ""


def urls() -> Iterator[Example]:
    """Those with the server before them, and what a comment behind them says of the answer."""
    for document in DOCUMENTS:
        for path, status, answer in URL.findall(document.read_text(encoding="utf-8")):
            if not path.startswith(BEHIND_PROXY):
                yield Example(document.name, path, int(status or 200), answer)


def paths() -> Iterator[Example]:
    """Those that are named in the text, with a query or without."""
    for document in DOCUMENTS:
        for path in PATH.findall(document.read_text(encoding="utf-8")):
            yield Example(document.name, path)


def is_of_the_api(path: str) -> bool:
    first = path.split("/")[1].partition("?")[0]
    return any(known.split("/")[1] == first for known in KNOWN)


def is_a_group(path: str) -> bool:
    """As `/kpi`, which stands for all below it."""
    return any(known.startswith(f"{path}/") for known in KNOWN) and path not in KNOWN


ADDRESSES = sorted({*urls(), *(one for one in paths() if is_of_the_api(one.address) and not is_a_group(one.address))})


def test_the_documents_have_examples() -> None:
    assert len(set(urls())) > 15
    assert {one.document for one in urls()} >= {"README.md", "build-your-own-dashboard.md"}
    assert any(one.answer for one in urls())
    assert {one.status for one in urls()} == {200, 400, 404, 422}


@pytest.mark.parametrize("example", ADDRESSES, ids=lambda one: f"{one.document} {one.address}")
def test_an_address_in_a_document_answers_what_the_document_says(sample_api: Api, example: Example) -> None:
    address = example.address
    for name, value in PLACES.items():
        address = address.replace(name, value)
    bare = address.partition("?")[0]
    of_endpoint = bare.partition(".")[0]
    if of_endpoint in REQUIRED and "?" not in address:
        address = with_query(address, REQUIRED[of_endpoint])
    with sample_api.client.stream("GET", address) as answer:
        assert answer.status_code == (404 if bare in OF_SESSIONS else example.status)  # the sample has none
        if bare in ENDLESS:
            return
        body = answer.read()
    assert body not in (b"", b"[]")
    if example.answer:
        assert json.loads(body) == json.loads(example.answer)


def test_an_error_in_a_document_is_the_one_that_comes(sample_api: Api) -> None:
    """Blocks of JSON stand after the example that they answer, the first of its block."""
    text = (ROOT / "docs/build-your-own-dashboard.md").read_text(encoding="utf-8")
    found = re.findall(r"```sh\ncurl '([^']+)'[^`]*```\s+```json\n(.*?)\n```", text, re.DOTALL)
    assert found
    for url, body in found:
        assert sample_api.get(url.removeprefix(ADDRESS)).json() == json.loads(body)
