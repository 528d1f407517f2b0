"""The interactive documentation without internet: everything that a page needs comes from evload itself."""

import re
from urllib.parse import urljoin

import pytest

from evload.api.contract.endpoints import ENDPOINTS
from evload.api.contract.exports import EXPORTS
from evload.api.contract.service import OPERATIONS
from tests.acceptance.processes import Api

PAGES = ("/docs", "/redoc")
REFERENCE = re.compile(r"""(?:src|href|spec-url|url)\s*[=:]\s*["']([^"']+)["']""")
# The licences and the like in the bundles are not fetched; these forms would be.
FETCHED = re.compile(rb"""url\(\s*["']?(?:https?:)?//|@import|sourceMappingURL=(?:https?:)?//""")


def references(api: Api, page: str) -> set[str]:
    """The paths of what a page refers to, and of what the scripts written for it do."""
    text = api.get(page).text
    found = set(REFERENCE.findall(text))
    for path in [path for path in found if path.endswith("start.js")]:
        found |= set(REFERENCE.findall(api.get(urljoin(page, path)).text))
    return {urljoin(page, path) for path in found if not path.startswith("data:")}


@pytest.mark.parametrize("page", PAGES)
def test_everything_a_page_refers_to_is_here(api: Api, page: str) -> None:
    found = references(api, page)
    assert "/openapi.json" in found
    assert any(path.endswith(".js") for path in found)
    for path in found:
        assert urljoin(api.address, path).startswith(api.address)
        answer = api.get(path)
        assert (answer.status_code, bool(answer.content)) == (200, True), path


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_no_address_outside(api: Api, page: str) -> None:
    answer = api.get(page)
    assert answer.headers["content-type"].startswith("text/html")
    assert "//" not in answer.text


@pytest.mark.parametrize("page", PAGES)
def test_a_page_may_fetch_nothing_from_outside(api: Api, page: str) -> None:
    policy = api.get(page).headers["Content-Security-Policy"]
    directives = dict(directive.strip().split(" ", 1) for directive in policy.split(";"))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["connect-src"] == "'self'"
    sources = {source for sources in directives.values() for source in sources.split()}
    assert sources <= {"'none'", "'self'", "'unsafe-inline'", "data:", "blob:"}


def test_the_style_sheet_fetches_nothing_from_outside(api: Api) -> None:
    (style,) = (path for path in references(api, "/docs") if path.endswith(".css"))
    assert not FETCHED.search(api.get(style).content)


@pytest.mark.parametrize("page", PAGES)
def test_assets_have_the_types_that_browsers_insist_on(api: Api, page: str) -> None:
    kinds = {".js": "text/javascript", ".css": "text/css", ".json": "application/json"}
    for path in references(api, page):
        kind = kinds["." + path.rpartition(".")[2]]
        assert api.get(path).headers["content-type"].partition(";")[0] == kind


def test_the_document_lists_every_endpoint(api: Api) -> None:
    document = api.json("/openapi.json")
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == {endpoint.path for endpoint in (*ENDPOINTS, *EXPORTS)} | {
        operation.path for operation in OPERATIONS
    }
