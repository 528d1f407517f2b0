"""How fast and how large a load is, beside its peers, and whether the views are right after each.

uv run python benchmarks/loading.py [--quick]
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import click

from common import Server, evload, execute, fresh_server, machine, table, write_results
from loading_files import History, write_correction, write_days
from peers.pandas_process import load_with_pandas
from peers.psql_copy import dump, seconds_to_copy
from views import check_views

ROUNDS = 3


@dataclass(frozen=True)
class Figure:
    what: str
    evload: str
    beside: str
    ratio: float
    target: str
    holds: bool


def at_most(what: str, mine: str, beside: str, ratio: float, limit: float) -> Figure:
    return Figure(what, mine, beside, round(ratio, 2), f"<= {limit}", ratio <= limit)


@dataclass(frozen=True)
class Load:
    """One `evload load`, and its word about itself."""

    wall_seconds: float
    peak_mb: float
    report: dict[str, Any]

    @property
    def rows(self) -> int:
        return int(self.report["rows_read"])

    @property
    def load_and_refresh_seconds(self) -> float:
        return float(sum(self.report["seconds"].values()))


class Bench:
    def __init__(self, server: Server, shrink: int) -> None:
        self.server = server
        self.shrink = shrink
        self.raw: dict[str, list[dict[str, Any]]] = {}
        self.checked = 0

    def history(self, name: str, users: int, days: int, sessions_per_week: float = 7.3) -> Path:
        return History(users // self.shrink, days, sessions_per_week).write(self.server.folder / f"{name}.csv")

    def load(self, what: str, dsn: str, file: Path) -> Load:
        """After every load, all values of both views are compared with the rows."""
        execute(dsn, "CHECKPOINT")
        ran = evload(dsn, "load", "--json", file)
        load = Load(ran.seconds, ran.peak_mb, json.loads(ran.stdout))
        self.raw.setdefault(what, []).append(asdict(load))
        self.check(dsn)
        print(f"  {what}: {load.rows:,} rows, {load.wall_seconds:.2f} s, {load.peak_mb:.0f} MB at most")
        return load

    def check(self, dsn: str) -> int:
        self.checked += 1
        return check_views(dsn)


def first_load(bench: Bench) -> tuple[list[Figure], Load]:
    """evload and psql in turns, each into an empty table; whoever went second goes first in the next round."""
    print("First load of 5 million rows")
    file = bench.history("5m", 500, 1096, 7.4)
    dsn = bench.server.database("cleaned")
    bench.load("unmeasured, to have the rows clean", dsn, file)
    clean = dump(dsn, bench.server.folder / "clean.txt")
    bench.server.drop("cleaned")
    loads: list[Load] = []
    copies: list[float] = []
    for number in range(ROUNDS):
        dsn = bench.server.database("first_load")
        turns: list[Callable[[], None]] = [
            lambda: loads.append(bench.load("first load, 5 million", dsn, file)),  # noqa: B023 - called in this round
            lambda: copies.append(seconds_to_copy(dsn, clean)),  # noqa: B023
        ]
        for turn in turns if number % 2 == 0 else reversed(turns):
            turn()
        print(f"  psql \\copy: {copies[-1]:.2f} s")
        bench.server.drop("first_load")
    bench.raw["psql copy"] = [{"wall_seconds": seconds} for seconds in copies]
    load = sorted(loads, key=lambda one: one.wall_seconds)[len(loads) // 2]
    mine, peer = load.wall_seconds, median(copies)
    what = f"first load of {load.rows:,} rows, beside `psql \\copy` of them cleaned"
    clean.unlink()
    return [at_most(what, f"{mine:.1f} s", f"{peer:.1f} s", mine / peer, 1.0)], load


def seeds_way(bench: Bench, large: Load) -> list[Figure]:
    print("The same with pandas")
    file = bench.history("100k", 200, 55)
    small, seed = [], []
    for _ in range(ROUNDS):
        dsn = bench.server.database("seed")
        small.append(bench.load("first load, 100 thousand", dsn, file))
        seed.append(load_with_pandas(dsn, file))
        bench.server.drop("seed")
        if seed[-1] is None:
            print("  skipped: pandas and psycopg2 cannot be had here")
            return []
    bench.raw["pandas"] = seed
    rate = median(one["rows"] / one["seconds"] for one in seed)
    figures = []
    for load in (large, sorted(small, key=lambda one: one.wall_seconds)[ROUNDS // 2]):
        mine = load.rows / load.wall_seconds
        what = f"rows/s of a first load of {load.rows:,}, beside pandas with {seed[0]['rows']:,}"
        figures.append(Figure(what, f"{mine:,.0f}", f"{rate:,.0f}", round(mine / rate, 1), ">= 20", mine / rate >= 20))
    return figures


def memory(five: Load, twenty: Load) -> list[Figure]:
    ratio = twenty.peak_mb / five.peak_mb
    peaks = f"{twenty.peak_mb:.0f} MB", f"{five.peak_mb:.0f} MB"
    return [
        at_most(
            f"most memory of the loader with {twenty.rows:,} rows, beside 600 MB",
            peaks[0],
            "600 MB",
            twenty.peak_mb / 600,
            1.0,
        ),
        Figure(
            f"most memory with {twenty.rows:,} rows, beside {five.rows:,}",
            *peaks,
            round(ratio, 2),
            "0.8 to 1.2",
            0.8 <= ratio <= 1.2,
        ),
    ]


@dataclass(frozen=True)
class Stored:
    """A database with a history."""

    dsn: str
    history: Load


def histories(bench: Bench) -> tuple[Stored, Stored, list[Path]]:
    """A long and a short one, ready for another day as the evening before has left them, and the days to come."""
    print("20 million rows and 1 million")
    long_file, short_file = bench.history("20m", 2000, 1096), bench.history("1m", 2000, 55)
    days = write_days(short_file, bench.server.folder, 1 + ROUNDS)
    stored = []
    for name, file in (("long", long_file), ("short", short_file)):
        dsn = bench.server.database(name)
        stored.append(Stored(dsn, bench.load(f"first load, {name} history", dsn, file)))
        execute(dsn, "VACUUM")
    return stored[0], stored[1], days


def new_days(bench: Bench, long: Stored, short: Stored, days: list[Path]) -> list[Figure]:
    """Both histories end with December, so the first day begins a month: the recent part of the views moves on."""
    print("One new day")
    pairs = []
    for day in days:
        on_long = bench.load(f"{day.stem} on the long history", long.dsn, day)
        pairs.append((on_long, bench.load(f"{day.stem} on the short history", short.dsn, day)))
    beside = f"on {long.history.rows:,} rows, beside {short.history.rows:,}"
    rows = f"of {pairs[0][0].rows:,} rows"
    return [
        *_new_day(f"one new day {rows}, {beside}", pairs[1:]),
        *_new_day(f"the first day of a month {rows}, {beside}", pairs[:1]),
    ]


def _new_day(what: str, pairs: list[tuple[Load, Load]]) -> list[Figure]:
    figures = []
    for name, label in (("load_and_refresh_seconds", "load and refresh"), ("wall_seconds", "whole command")):
        long, short = (median(getattr(pair[side], name) for pair in pairs) for side in (0, 1))
        figures += [
            at_most(f"{what}: {label}", f"{long:.2f} s", f"{short:.2f} s", long / short, 1.5),
            at_most("the same, beside 2 s", f"{long:.2f} s", "2 s", long / 2, 1.0),
        ]
    return figures


def correction(bench: Bench, stored: Stored) -> list[Figure]:
    print("A correction of 100 rows on 100 old days")
    dsn = stored.dsn
    corrections, refreshes = [], []
    for number in range(1, ROUNDS + 1):
        file = write_correction(dsn, bench.server.folder / f"correction_{number}.csv", f"0.00{number}")
        load = bench.load("correction", dsn, file)
        assert (load.report["updated"], load.report["days_touched"]) == (100, 100), load.report
        corrections.append(load.wall_seconds)
        execute(dsn, "CHECKPOINT")
        refreshes.append(evload(dsn, "refresh").seconds)
        bench.check(dsn)
        print(f"  evload refresh: {refreshes[-1]:.2f} s")
    bench.raw["refresh"] = [{"wall_seconds": seconds} for seconds in refreshes]
    mine, peer = median(corrections), median(refreshes)
    what = f"100 rows corrected on 100 old days of {stored.history.rows:,} rows, beside `evload refresh`"
    return [at_most(what, f"{mine:.2f} s", f"{peer:.2f} s", mine / peer, 1.2)]


def show(bench: Bench, figures: list[Figure]) -> None:
    rows = [(one.what, one.evload, one.beside, one.ratio, one.target, "yes" if one.holds else "NO") for one in figures]
    print("\n" + table(["what", "evload", "beside", "ratio", "target", "holds"], rows))
    print(f"\nAll values of both views equalled a recomputation from the rows, each of the {bench.checked} times.")


@click.command()
@click.option("--quick", is_flag=True, help="A fiftieth of the rows, to see that it works; the figures mean nothing.")
def main(quick: bool) -> None:
    with fresh_server() as server:
        bench = Bench(server, 50 if quick else 1)
        figures, five = first_load(bench)
        figures += seeds_way(bench, five)
        long, short, days = histories(bench)
        figures += memory(five, long.history)
        figures += new_days(bench, long, short, days)
        figures += correction(bench, long)
        show(bench, figures)
        if not quick:
            facts = {"machine": machine(server.dsn), "views_checked": bench.checked}
            write_results("loading", {**facts, "figures": [asdict(one) for one in figures], "runs": bench.raw})


if __name__ == "__main__":
    main()
