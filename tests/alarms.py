"""Reads what Prometheus would: the metrics of `/metrics`, and whether an alarm of `docs/prometheus-rules.yml` fires."""

import re
from collections.abc import Mapping
from pathlib import Path

import httpx2
import yaml  # type: ignore[import-untyped]

RULES = Path(__file__).parents[1] / "docs/prometheus-rules.yml"
ALARMS: dict[str, str] = {
    rule["alert"]: rule["expr"] for rule in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"][0]["rules"]
}
UP = 'up{job="evload"}'
HOUR_SECONDS = 3600.0
# The few forms of expressions that are used: a metric, its growth in an hour, or its age, against a number.
EXPRESSION = re.compile(
    r"(?:increase\((?P<grows>\w+)\[1h\]\)|time\(\) - (?P<ages>\w+)|(?P<is_>\w+(?:\{[^}]*\})?))"
    r" (?P<comparison>==|>) (?P<limit>\d+)"
)


def scraped(address: str) -> dict[str, float]:
    """Every metric without labels, and whether it was there to be scraped."""
    try:
        answer = httpx2.get(f"{address}/metrics", trust_env=False)
    except httpx2.TransportError:
        return {UP: 0.0}
    assert answer.status_code == 200
    found = re.findall(r"^(\w+) (\S+)$", answer.text, re.MULTILINE)
    assert len(found) == len(dict(found))
    return {UP: 1.0, **{name: float(value) for name, value in found}}


def firing(before: Mapping[str, float], now: Mapping[str, float], unix_seconds: float) -> set[str]:
    """The alarms whose condition holds after these two scrapes within an hour."""
    return {alarm for alarm, expression in ALARMS.items() if holds(expression, before, now, unix_seconds)}


def holds(expression: str, before: Mapping[str, float], now: Mapping[str, float], unix_seconds: float) -> bool:
    """What was not scraped makes no condition hold."""
    read = EXPRESSION.fullmatch(expression)
    assert read, expression
    name = read["grows"] or read["ages"] or read["is_"]
    if name not in now:
        return False
    value = now[name]
    if read["grows"]:
        value -= before.get(name, value)
    elif read["ages"]:
        value = unix_seconds - value
    limit = float(read["limit"])
    return value == limit if read["comparison"] == "==" else value > limit


def metrics_in(expression: str) -> set[str]:
    """The metrics of evload that an expression names."""
    return set(re.findall(r"\bevload_\w+", expression))
