"""How long questions about all, a location, and users take uncached, in turns with `/kpi/total-energy`."""

import argparse
import http.client
import statistics
import time
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from common import fetch, serving, table
from evload.embedded import running_server

KPI = "/kpi/total-energy"
USERS_AT_MOST = 200


def asked(connection: http.client.HTTPConnection, path: str) -> tuple[float, bytes]:
    """The milliseconds of a request, and its body."""
    began = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    milliseconds = 1000 * (time.perf_counter() - began)
    if answer.status != 200:
        raise SystemExit(f"{path[:80]} was answered {answer.status}: {body[:200].decode()}")
    return milliseconds, body


def questions(dsn: str) -> dict[str, str]:
    """Paths by what they ask. The users are spread over all."""
    users = [row["user_id"] for row in fetch(dsn, "SELECT DISTINCT user_id FROM user_location ORDER BY 1")]
    locations = fetch(dsn, "SELECT location_id FROM user_location WHERE location_id <> '' ORDER BY 1 LIMIT 1")
    some = ",".join(users[:: -(-len(users) // USERS_AT_MOST)])
    paths = {
        "KPI": KPI,
        "series by month": "/series?by=month",
        "grid summary": "/grid/summary",
        "grid summary, cut days": "/grid/summary?" + urlencode({"start_date": "2000-01-01T00:30", "end_date": "2099"}),
        "ADMD": "/grid/admd",
        "a user": f"{KPI}?" + urlencode({"user_id": users[len(users) // 2]}),
        f"{some.count(',') + 1} users": f"{KPI}?" + urlencode({"user_id": some}),
        f"{some.count(',') + 1} users, grid summary": "/grid/summary?" + urlencode({"user_id": some}),
    }
    for location in locations:
        chosen = urlencode(dict(location))
        paths |= {
            "a location": f"{KPI}?{chosen}",
            "a location, series by month": f"/series?by=month&{chosen}",
            "a location, grid summary": f"/grid/summary?{chosen}",
        }
    return paths


def measure(dsn: str, address: str, rounds: int) -> None:
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    paths = questions(dsn)
    times: dict[str, list[float]] = {name: [] for name in paths}
    for _ in range(rounds):
        for name, path in paths.items():
            times[name].append(asked(connection, path)[0])
    kpi = statistics.median(times["KPI"])
    rows = [
        (name, f"{statistics.median(taken):.1f}", f"{min(taken):.1f}", f"{statistics.median(taken) / kpi:.1f}")
        for name, taken in times.items()
    ]
    print(table(("question", "p50 ms", "least ms", "times the KPI"), rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data_dir", type=Path, help="a data folder of evload with rows in it")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    with (
        running_server(options.data_dir, print) as dsn,
        serving(dsn, EVLOAD_CACHE_MEGABYTES="0") as address,
    ):
        measure(dsn, address, options.rounds)


if __name__ == "__main__":
    main()
