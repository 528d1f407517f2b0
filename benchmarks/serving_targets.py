"""What evload promises of its speed, and what a run has reached."""

from collections.abc import Callable, Iterator

from serving_common import Measurement

Row = tuple[str, str, object, str, str]
Find = Callable[..., Measurement | None]
SMALL, BIG = "88 thousand", "5 million"


def targets(find: Find, megabytes: float) -> Iterator[Row]:
    for size in (SMALL, BIG):
        for workers in (1, 2):
            yield from _of(find, size, workers)
    for workers in (1, 2):
        for what in ("a month", "all days"):
            name = f"cold KPI, {what}, alone"
            small, big = find(SMALL, workers, name, "evload"), find(BIG, workers, name, "evload")
            if small and big:
                wanted = f"{name}: time at most 1.3 x of {SMALL}"
                yield _line(wanted, BIG, workers, big.p50_ms / small.p50_ms, most=1.3)
    yield _line("memory of a worker below 200 MB", "both", "both", megabytes, most=200)


def _of(find: Find, size: str, workers: int) -> Iterator[Row]:
    def rate(name: str, other: str, least: float) -> Iterator[Row]:
        ours, theirs = find(size, workers, name, "evload"), find(size, workers, name, other)
        if ours and theirs:
            wanted = f"{name}: at least {least:,} x ({other})"
            yield _line(wanted, size, workers, ours.per_second / theirs.per_second, least=least)

    for name in ("hot KPI", "304"):
        yield from rate(name, "c", 0.9)
        ours, limit = find(size, workers, name, "evload"), find(size, workers, name, "c")
        if ours and limit:
            yield _line(f"{name}: p99 at most 1.2 x (c)", size, workers, ours.p99_ms / limit.p99_ms, most=1.2)
    yield from rate("hot KPI", "a", 50 if size == SMALL else 2000)
    yield from rate("hot KPI", "b", 8)
    yield from rate("cold KPI, a month", "b", 1.3)
    yield from rate("cold KPI, all days", "b", 1.3)
    yield from rate("a user, cold", "b", 2)
    if many := find(size, workers, "1,000 connections", "evload"):
        yield _line("1,000 connections: no error", size, workers, many.errors, most=0)


def _line(
    wanted: str, size: str, workers: object, reached: float, *, least: float | None = None, most: float | None = None
) -> Row:
    is_met = (least is None or reached >= least) and (most is None or reached <= most)
    return wanted, size, workers, f"{reached:,.2f}", "yes" if is_met else "NO"
