"""The JavaScript of `docs/build-your-own-dashboard.md` runs in Node, against a server to which a file is loaded."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.processes import Api, Shell
from tests.files import write
from tests.locks import PATIENCE_SECONDS

PAGE = (Path(__file__).parents[2] / "docs/build-your-own-dashboard.md").read_text(encoding="utf-8")
MODULES = re.compile(r"```js\n(// (\w+\.js)\n.*?)```", re.DOTALL)
ADDRESS = "http://127.0.0.1:8000"
MOST_SECONDS = f"{PATIENCE_SECONDS:.0f}"
NEW_ROW = "02.01.2019 09:00;02.01.2019 10:00;A-1;4;{energy};1;1;1"

# What a browser has and Node 20 has not: enough of EventSource for the page, over fetch.
EVENT_SOURCE = """
globalThis.EventSource = class {
  static CLOSED = 2;
  readyState = 0;
  #listeners = {};
  #leaving = new AbortController();
  constructor(url) { this.#read(url).catch(() => this.#end()); }
  addEventListener(name, listener) { this.#listeners[name] = listener; }
  close() { this.readyState = 2; this.#leaving.abort(); }
  #end() { if (this.readyState !== 2) { this.readyState = 2; this.#listeners.error?.(); } }
  async #read(url) {
    const answer = await realFetch(url, { signal: this.#leaving.signal });
    if (answer.status !== 200) return this.#end();
    let text = "";
    for await (const part of answer.body.pipeThrough(new TextDecoderStream())) {
      text += part;
      for (let end; (end = text.indexOf("\\n\\n")) >= 0; text = text.slice(end + 2)) {
        const lines = text.slice(0, end).split("\\n");
        const name = lines.find((line) => line.startsWith("event: "))?.slice(7);
        this.#listeners[name]?.({ data: lines.find((line) => line.startsWith("data: ")).slice(6) });
      }
    }
    this.#end();
  }
};
"""
BEFORE = (
    """
const realFetch = globalThis.fetch;
globalThis.statuses = [];
globalThis.fetch = async (...asked) => {
  const answer = await realFetch(...asked);
  statuses.push(answer.status);
  return answer;
};
globalThis.tell = (said) => console.log(JSON.stringify(said));
"""
    + EVENT_SOURCE
)
# Enough of React to see what a component with the hook would draw.
REACT = """
let state, cleanup;
export const drawn = [];
export const useState = (first) => {
  if (state === undefined) state = first;
  const set = (next) => {
    const before = state;
    state = typeof next === "function" ? next(before) : next;
    if (state !== before) globalThis.tell({ data: state.data ?? null, error: state.error?.message ?? null });
  };
  return [state, set];
};
export const useEffect = (effect) => { cleanup = effect(); };
export const leave = () => cleanup();
"""
ASKING = """
import "./before.js";
const { get, EvloadError } = await import("./evload.js");
const [first, second] = [await get("/kpi/total-energy"), await get("/kpi/total-energy")];
const wrong = await get("/kpi/total-energy", { measure: "watts" }).catch((error) => error);
const none = await get("/kpi/total-energy", { start_date: "2030" }).catch((error) => error);
const errors = [wrong, none].map((one) => {
  return { isOurs: one instanceof EvloadError, status: one.status, said: one.message };
});
tell({ first, same: first === second, statuses, errors });
"""
FOLLOWING = """
import "./before.js";
const { useEvload } = await import("./useEvload.js");
const { leave } = await import("react");
useEvload("/kpi/total-energy", { measure: "synthetic_3_6_kwh" });
for await (const line of process.stdin) {
  if (`${line}`.includes("leave")) break;
}
leave();
process.stdin.destroy();
"""

pytestmark = pytest.mark.skipif(not shutil.which("node"), reason="Node.js is not installed")


def modules() -> dict[str, str]:
    return {name: text for text, name in MODULES.findall(PAGE)}


@contextmanager
def node(folder: Path, address: str, program: str) -> Iterator[subprocess.Popen[str]]:
    """Runs a program beside the modules of the page."""
    react = folder / "node_modules/react"
    react.mkdir(parents=True)
    (react / "package.json").write_text('{"name":"react","type":"module","exports":"./index.js"}')
    (react / "index.js").write_text(REACT)
    (folder / "package.json").write_text('{"type":"module"}')
    files = {**modules(), "before.js": BEFORE, "program.js": program}
    for name, text in files.items():
        (folder / name).write_text(text.replace(ADDRESS, address), encoding="utf-8")
    streams: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(["timeout", MOST_SECONDS, "node", "program.js"], cwd=folder, text=True, **streams) as running:
        yield running
        said, _ = running.communicate()
    assert running.returncode == 0, said


def test_the_page_has_the_modules() -> None:
    assert set(modules()) == {"evload.js", "useEvload.js"}


def test_the_module_asks_with_etags_and_tells_errors(api: Api, tmp_path: Path) -> None:
    with node(tmp_path, api.address, ASKING) as running:
        assert running.stdout
        told = json.loads(running.stdout.readline())
    assert told["first"] == api.json("/kpi/total-energy")
    assert told["same"]
    assert told["statuses"] == [200, 304, 422, 404]
    wrong, none = told["errors"]
    assert wrong["said"].startswith("measure: Input should be")
    assert (wrong["isOurs"], wrong["status"]) == (True, 422)
    assert none == {"isOurs": True, "status": 404, "said": "No data found between given datetime range"}


def test_the_hook_draws_what_is_loaded(loaded_dsn: str, shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "page"
    here = shell.on(loaded_dsn)
    with here.serving("serve") as api, node(folder, api.address, FOLLOWING) as running:
        assert running.stdout
        assert running.stdin
        first = json.loads(running.stdout.readline())
        assert first == {"data": api.json("/kpi/total-energy"), "error": None}
        here.succeed("load", write(tmp_path / "more.csv", NEW_ROW.format(energy=5)))
        second = json.loads(running.stdout.readline())
        assert second["data"]["total_energy_kwh"] == pytest.approx(first["data"]["total_energy_kwh"] + 5)
        running.stdin.write("leave\n")
        running.stdin.flush()
        last = json.loads(running.stdout.readline())
        assert last == {"data": None, "error": None}
