"""Two `evload serve` below `/ev/`, behind nginx: as `docs/deploy.md` sets it up, and one that strips the path."""

import json
import re
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from playwright.async_api import Browser, Page, Response

from evload.api.operations.events import KEEP_ALIVE_SECONDS
from tests.acceptance.browser import Visit, visiting
from tests.acceptance.conftest import copied
from tests.acceptance.processes import Api, Shell, wait_until
from tests.acceptance.test_dashboard_live import write_day
from tests.conftest import Databases
from tests.endpoints import EVERY_PATH
from tests.locks import PATIENCE_SECONDS
from tests.proxies import NAME, Proxy, configured, nginx, running

ROOT = "/ev"
BEHIND_NGINX = {
    "EVLOAD_ROOT_PATH": ROOT,
    "EVLOAD_ALLOWED_HOSTS": NAME,
    "EVLOAD_FORWARDED_ALLOW_IPS": "127.0.0.1",
}
FOREIGN = "evil.example"
ATTACKS = (
    {"Host": FOREIGN},
    {"X-Forwarded-Host": FOREIGN, "X-Forwarded-Server": FOREIGN, "X-Forwarded-Prefix": f"//{FOREIGN}"},
    {"Forwarded": f"host={FOREIGN};proto=https", "X-Original-URL": f"//{FOREIGN}/", "X-Rewrite-URL": f"//{FOREIGN}/"},
)
OTHER_PATHS = ("", "/", "/dashboard", "/docs", "/redoc", "/openapi.json", "/livez", "/readyz", "/metrics", "/nowhere")
LICENCE = "https://spdx.org/licenses/MIT.html"  # of the API, by which the document names it
SEEN_WITHIN_SECONDS = 2.0
DRAWN_WITHIN_MS = 60_000  # the documentation is large, and two cores may be busy


@dataclass
class Site:
    shell: Shell
    apis: list[Api]
    proxy: Proxy
    client: httpx2.Client

    @property
    def address(self) -> str:
        return self.proxy.address + ROOT


@contextmanager
def served(shell: Shell, *, strips: bool = False) -> Iterator[Site]:
    with ExitStack() as open_:
        serving = shell.with_(**BEHIND_NGINX, EVLOAD_ACCESS_LOG="1")
        apis = [open_.enter_context(serving.serving("serve")) for _ in range(2)]
        proxy = configured(shell.folder / "nginx", [api.port for api in apis], strips=strips)
        open_.enter_context(running(proxy))
        trusting = ssl.create_default_context(cafile=f"{proxy.folder}/fullchain.pem")
        trusting.check_hostname = False  # the certificate is the name's, and the test opens 127.0.0.1
        client = open_.enter_context(
            httpx2.Client(base_url=proxy.address, verify=trusting, trust_env=False, timeout=PATIENCE_SECONDS)
        )
        yield Site(shell, apis, proxy, client)


@pytest.fixture(scope="module", params=[False, True], ids=["keeps the path", "strips the path"])
async def site(
    request: pytest.FixtureRequest,
    databases: Databases,
    charging_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Site]:
    nginx()
    async with copied(databases, charging_template) as dsn:
        with served(Shell(tmp_path_factory.mktemp("site")).on(dsn), strips=request.param) as made:
            yield made


@pytest.fixture
async def visit(browser: Browser, site: Site) -> AsyncIterator[Visit]:
    """Fails if anything outside of `/ev/` is asked for, or is not answered."""
    async with visiting(browser, site.address, ignore_https_errors=True) as made:
        made.page.set_default_timeout(DRAWN_WITHIN_MS)
        failed: list[str] = []

        def look(answer: Response) -> None:
            failed.extend([answer.url] if answer.status >= 400 else [])

        made.page.on("response", look)
        yield made
        assert not failed


def test_nginx_accepts_the_configuration_of_the_page(tmp_path: Path) -> None:
    proxy = configured(tmp_path / "nginx", [8000, 8001])
    ended = subprocess.run(proxy.command("-t"), capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr + proxy.log()
    assert "test is successful" in ended.stderr
    warned = [line for line in ended.stderr.splitlines() if "[warn]" in line]
    assert all("http2" in line for line in warned), (
        warned
    )  # nginx 1.25.1 and newer have another spelling, and take this


async def links(page: Page) -> list[str]:
    """Every address that the page names, as the browser resolves it."""
    found: list[str] = await page.evaluate(
        "[...document.querySelectorAll('a[href], link[href], script[src]')].map(one => one.href || one.src)"
    )
    return [one for one in found if not one.startswith(("data:", "blob:", "about:"))]


async def test_the_dashboard_is_complete(visit: Visit, site: Site) -> None:
    await visit.open()
    await visit.shows("body[data-connection=live]")
    total = site.client.get(f"{ROOT}/kpi/total-energy").json()["total_energy_kwh"]
    assert (await visit.kpis())["total_energy_kwh"] == total
    for panel in ("daily", "hours", "rhythm", "duration", "active"):
        await visit.shows(f"#{panel} .main-svg")
    assert all(link.startswith(f"{site.address}/") for link in await links(visit.page))


async def test_the_documentation_is_complete_and_can_be_tried(visit: Visit, site: Site) -> None:
    await visit.page.goto(f"{site.address}/dashboard")
    await visit.page.get_by_role("link", name="API documentation").click()
    await visit.page.wait_for_url(f"{site.address}/docs")
    operation = visit.page.locator("#operations-kpi-kpi_total_energy")
    await operation.wait_for(timeout=DRAWN_WITHIN_MS)
    await operation.locator(".opblock-summary-control").click()
    await operation.get_by_role("button", name="Try it out").click()
    await operation.locator(".execute").click()
    shown = operation.locator(".live-responses-table .response-col_status")
    await shown.first.wait_for()
    assert "200" in (await shown.all_inner_texts())[-1]
    assert any(one.url == f"{site.address}/kpi/total-energy" for one in visit.requests)
    assert {link for link in await links(visit.page) if not link.startswith(f"{site.address}/")} <= {LICENCE}


async def test_redoc_is_complete(browser: Browser, site: Site) -> None:
    """What it would ask of its maker is stopped by the policy, as it is without a proxy."""
    page = await browser.new_page(ignore_https_errors=True)
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    await page.goto(f"{site.address}/redoc")
    await page.get_by_text(site.address, exact=True).wait_for(timeout=DRAWN_WITHIN_MS)
    assert {(one.url.startswith(f"{site.address}/"), one.status) for one in answers} == {(True, 200)}
    await page.close()


async def test_who_opens_the_root_comes_to_the_dashboard(browser: Browser, site: Site) -> None:
    for path in ("", "/"):
        async with visiting(browser, site.address, ignore_https_errors=True) as visit:
            await visit.page.goto(site.address + path)
            await visit.is_("ready")
            assert visit.page.url.startswith(f"{site.address}/dashboard")


def test_no_answer_names_the_host_that_an_attacker_sends(site: Site) -> None:
    for attack in ATTACKS:
        for path in (*EVERY_PATH, *OTHER_PATHS):
            for headers in (attack, {**attack, "Accept": "text/html"}):
                answer = site.client.get(ROOT + path, headers=headers)
                assert FOREIGN not in str(answer.headers) + answer.text, path
                location = answer.headers.get("location", f"{ROOT}/")
                assert location.startswith(f"{ROOT}/"), (path, location)
        plain = httpx2.get(f"http://127.0.0.1:{site.proxy.http_port}/ev/docs", headers=attack, trust_env=False)
        assert plain.headers["location"] == f"https://{NAME}/ev/docs"
        assert FOREIGN not in plain.text


def test_the_link_to_the_next_page_leads_on(site: Site) -> None:
    first = site.client.get(f"{ROOT}/hourly_loads?limit=5")
    link = re.fullmatch(r'<(/ev/[^>]+)>; rel="next"', first.headers["link"])
    assert link
    assert site.client.get(link[1]).json()[0]["index"] > first.json()[-1]["index"]


def test_events_arrive_at_once_and_stay_alive(site: Site, tmp_path: Path) -> None:
    day = iter(("04.01.2020", "05.01.2020"))
    with site.client.stream("GET", f"{ROOT}/events") as stream:
        lines = stream.iter_lines()
        came = next_of(lines, "data:")
        for _ in range(2):
            site.shell.succeed("load", write_day(tmp_path / "day.csv", next(day)))
            committed = time.monotonic()
            assert next_of(lines, "data:") != came
            assert time.monotonic() - committed < SEEN_WITHIN_SECONDS
        assert next_of(lines, ":") == ": still here"
        assert time.monotonic() - committed < KEEP_ALIVE_SECONDS + SEEN_WITHIN_SECONDS


def next_of(lines: Iterator[str], start: str) -> str:
    return next(line for line in lines if line.startswith(start))


def test_the_access_log_names_clients_and_what_they_asked(site: Site) -> None:
    """nginx adds the address of who asks it, and drops what he says of himself."""
    mark = time.monotonic_ns()
    site.client.get(f"{ROOT}/kpi/total-energy?_={mark}", headers={"X-Forwarded-For": "203.0.113.9"})

    def logged() -> list[str]:
        logs = "".join(api.running.out.read_text() for api in site.apis)
        return [line for line in logs.splitlines(keepends=True) if str(mark) in line and line.endswith("\n")]

    wait_until(logged)
    (line,) = logged()
    assert json.loads(line)["client"] == "127.0.0.1"
    assert json.loads(line)["path"].endswith("/kpi/total-energy")


def test_requests_go_on_while_one_process_after_the_other_is_started_anew(site: Site) -> None:
    """As an upgrade does: nginx must not leave out the one that is back when the other one goes."""

    def polled() -> set[int]:
        return {site.client.get(f"{ROOT}/kpi/total-energy").status_code for _ in range(20)}

    first, second = site.apis
    first.running.stop()
    assert polled() == {200}
    with site.shell.with_(**BEHIND_NGINX).serving("serve", "--port", str(first.port)) as again:
        assert polled() == {200}
        second.running.stop()
        assert polled() == {200}
        assert again.get("/livez").status_code == 200


async def test_signing_in_stays_below_the_path(
    browser: Browser, databases: Databases, charging_template: str, shell: Shell
) -> None:
    nginx()
    async with copied(databases, charging_template) as dsn:
        shell = shell.on(dsn)
        token = shell.succeed("token", "create", "wall", "--role", "reader").strip()
        with served(shell) as site:
            async with visiting(browser, site.address, ignore_https_errors=True) as visit:
                page = visit.page
                page.set_default_timeout(DRAWN_WITHIN_MS)
                await page.goto(f"{site.address}/dashboard")
                await page.wait_for_url(f"{site.address}/sign-in")
                await page.get_by_label("Token").fill(token)
                await page.get_by_role("button", name="Sign in").click()
                await page.wait_for_url(f"{site.address}/dashboard")
                await visit.shows("body[data-connection=live]")
                kept = [(one["path"], one["secure"], one["httpOnly"]) for one in await page.context.cookies()]
                assert kept == [(ROOT, True, True)]
                await page.get_by_role("button", name="Sign out").click()
                await page.wait_for_url(f"{site.address}/sign-in")
                assert await page.context.cookies() == []
                assert all(one.url.startswith(f"{site.address}/") for one in visit.requests)
                visit.messages.clear()  # of what was refused before the page gave way
