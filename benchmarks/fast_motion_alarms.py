"""A real Prometheus beside `fast_motion.py`, with the alarms of `docs/prometheus-rules.yml` in fast motion."""

import json
import re
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

RULES = Path(__file__).parents[1] / "docs/prometheus-rules.yml"
FASTER = 20
"""A day in 72 minutes. evload itself is not faster: it notes each ten seconds that a folder was looked at."""
LEAST_SECONDS = 15
"""No program is started again in less on a busy machine."""
SECONDS_OF = {"m": 60, "h": 3600}
STEP_SECONDS = 1
AGES = re.compile(r"(?<=_timestamp_seconds > )\d+")
DURATIONS = re.compile(r"(\d+)([mh])\b")


def in_fast_motion(size_limits: dict[str, float]) -> dict[str, Any]:
    """The rules with shorter times, and for sizes what is much for so small a site."""
    rules: dict[str, Any] = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    for rule in rules["groups"][0]["rules"]:
        expression = AGES.sub(lambda age: str(int(age[0]) // FASTER), _shorter(rule["expr"]))
        for metric, limit in size_limits.items():
            expression = re.sub(rf"(?<={metric} > )\d+", str(int(limit)), expression)
        rule["expr"] = expression
        for name in rule.keys() & {"for", "keep_firing_for"}:
            rule[name] = _shorter(rule[name])
    return rules


def _shorter(text: str) -> str:
    return DURATIONS.sub(lambda one: f"{max(int(one[1]) * SECONDS_OF[one[2]] // FASTER, LEAST_SECONDS)}s", text)


@dataclass
class Prometheus:
    """Scrapes evload each second."""

    address: str
    rules: dict[str, Any]
    began: float

    @classmethod
    @contextmanager
    def scraping(cls, target: str, folder: Path, size_limits: dict[str, float]) -> Iterator["Prometheus"]:
        folder.mkdir()
        rules = in_fast_motion(size_limits)
        config = {
            "global": {f"{what}_interval": f"{STEP_SECONDS}s" for what in ("scrape", "evaluation")}
            | {"scrape_timeout": f"{STEP_SECONDS}s"},
            "rule_files": ["rules.yml"],
            "scrape_configs": [{"job_name": "evload", "static_configs": [{"targets": [target]}]}],
        }
        for name, content in (("prometheus.yml", config), ("rules.yml", rules)):
            (folder / name).write_text(json.dumps(content))  # JSON is YAML as well
        with socket.create_server(("127.0.0.1", 0)) as free:
            address = f"127.0.0.1:{free.getsockname()[1]}"
        command = ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen([*command, f"--web.listen-address={address}"], stdout=log, stderr=log)
        try:
            yield cls(f"http://{address}", rules, time.time())
        finally:
            process.terminate()
            process.wait()

    @property
    def alarms(self) -> list[str]:
        return [rule["alert"] for rule in self.rules["groups"][0]["rules"]]

    def is_firing(self, alarm: str) -> bool:
        firing = self._ask("alerts")["alerts"]
        return any(one["labels"]["alertname"] == alarm and one["state"] == "firing" for one in firing)

    def times_fired(self) -> dict[str, int]:
        """How often each alarm began to fire."""
        times = dict.fromkeys(self.alarms, 0)
        asked = {"query": 'ALERTS{alertstate="firing"}', "start": self.began, "end": time.time(), "step": STEP_SECONDS}
        for one in self._ask(f"query_range?{urllib.parse.urlencode(asked)}")["result"]:
            moments = [moment for moment, _ in one["values"]]
            gaps = [after - before > STEP_SECONDS for before, after in pairwise(moments)]
            times[one["metric"]["alertname"]] += 1 + sum(gaps)
        return times

    def _ask(self, what: str) -> dict[str, Any]:
        try:
            with urllib.request.urlopen(f"{self.address}/api/v1/{what}", timeout=10) as answer:
                data: dict[str, Any] = json.load(answer)["data"]
                return data
        except ConnectionError:
            return {"alerts": [], "result": []}
