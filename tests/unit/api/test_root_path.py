"""The path below which a proxy shows evload: how it is written, and how requests are told apart from it."""

import pytest
from pydantic import ValidationError

from evload.api.contract.openapi import document
from evload.api.root_path import AmbiguousRootPath, RootPath
from evload.api.server.app import ROUTES
from evload.settings import Settings


def settings(**values: str) -> Settings:
    return Settings(_env_file=None, **values)  # type: ignore[call-arg, arg-type]


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        ("/ev/kpi/summary", "/kpi/summary"),
        ("/kpi/summary", "/kpi/summary"),
        ("/ev", "/"),
        ("/ev/", "/"),
        ("/", "/"),
        ("/evening/x", "/evening/x"),
        ("/EV/x", "/EV/x"),
        ("/x/ev/y", "/x/ev/y"),
        ("/ev/ev/y", "/ev/y"),
        ("/ev//y", "//y"),
    ],
)
def test_the_root_path_is_taken_off_once_where_it_is(path: str, inside: str) -> None:
    assert RootPath("/ev").inside(path) == inside
    assert RootPath("").inside(path) == path


@pytest.mark.parametrize("path", ["ev", "/ev", "/ev/", "//ev//"])
def test_slashes_around_it_do_not_matter(path: str) -> None:
    assert settings(root_path=path).root_path == "/ev"


@pytest.mark.parametrize("path", ["", "/", "//"])
def test_a_slash_alone_is_none(path: str) -> None:
    assert settings(root_path=path).root_path == ""


@pytest.mark.parametrize(
    "path", ["http://ev.example/ev", "/ev?x", "/a/../b", "/.", "/a//b", "/ä", "/e v", "/%65v", "/ev\n", '/"><script>']
)
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ValidationError, match="is not a path such as /ev"):
        settings(root_path=path)


@pytest.mark.parametrize("path", ["/kpi", "/load/x", "/docs", "/users", "/dashboard/a"])
def test_a_path_of_evloads_own_is_refused(path: str) -> None:
    with pytest.raises(AmbiguousRootPath, match="Choose another one"):
        RootPath(path).check(ROUTES)


@pytest.mark.parametrize("path", ["", "/ev", "/a/kpi"])
def test_other_paths_are_taken(path: str) -> None:
    RootPath(path).check(ROUTES)


def test_the_document_names_the_server() -> None:
    assert document()["servers"] == [{"url": "/"}]
    assert document(RootPath("/ev"))["servers"] == [{"url": "/ev"}]


@pytest.mark.parametrize(
    ("given", "taken"),
    [("", ()), ("127.0.0.1, 10.0.0.0/8", ("127.0.0.1", "10.0.0.0/8")), ("::1", ("::1",)), ("*", ("*",)),
     ("127.0.0.1,*", ("*",))],
)  # fmt: skip
def test_proxies_are_addresses_and_networks(given: str, taken: tuple[str, ...]) -> None:
    assert settings(forwarded_allow_ips=given).forwarded_allow_ips == taken


@pytest.mark.parametrize("given", ["localhost", "127.0.0.1/", "10.0.0.1/8", "127.0.0.1 10.0.0.1", "nginx,::1"])
def test_what_is_no_address_is_refused(given: str) -> None:
    with pytest.raises(ValidationError, match=r"IPv4 or IPv6|host bits"):
        settings(forwarded_allow_ips=given)
