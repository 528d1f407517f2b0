"""How far the ADMD curve of `/grid/admd` is from what real subsets of the users need.

uv run python benchmarks/admd.py [FILE.csv] [--draws 400] [--seed 1]

FILE is in the published format; unless given, the bundled sample. For each number of users, random subsets are drawn
without replacement, and the peak hour of each is divided by the number of its users: that is what the curve
a + b / sqrt(n) through one user and all of them stands for.
"""

import math
import random
from pathlib import Path
from statistics import mean, quantiles

import click
import polars as pl

from common import table

SAMPLE = Path(__file__).parents[1] / "data" / "sample_hourly_loads.csv"
NUMBERS = (1, 2, 5, 10, 20, 40)
MEASURES = ("Synthetic_3_6kW", "Synthetic_7_2kW")


def loads_of_users(file: Path, measure: str) -> pl.DataFrame:
    """A row for each hour in which anybody charged, a column for each user: kW."""
    rows = pl.read_csv(file, separator=";", infer_schema=False).filter(pl.col("User_ID") != "NA")
    kw = pl.col(measure).str.replace(",", ".").cast(pl.Float64, strict=False).fill_null(0)
    return (
        rows.with_columns(kw=kw).pivot("User_ID", index="date_from", values="kw", aggregate_function="sum").fill_null(0)
    )


def kw_per_user(loads: pl.DataFrame, users: list[str]) -> float:
    highest: float = loads.select(pl.sum_horizontal(users).max()).item()
    return highest / len(users)


def compared(loads: pl.DataFrame, draws: int, rng: random.Random) -> list[list[str]]:
    users = [name for name in loads.columns if name != "date_from"]
    one, of_all = mean(kw_per_user(loads, [user]) for user in users), kw_per_user(loads, users)
    slope = (one - of_all) / (1 - 1 / math.sqrt(len(users)))
    rows = []
    for number in (n for n in NUMBERS if n < len(users)):
        drawn = [kw_per_user(loads, rng.sample(users, number)) for _ in range(draws)]
        curve, low, high = one - slope + slope / math.sqrt(number), *_range(drawn)
        error = 100 * (curve / mean(drawn) - 1)
        rows.append([str(number), f"{curve:.3f}", f"{mean(drawn):.3f}", f"{low:.3f} to {high:.3f}", f"{error:+.1f} %"])
    return [*rows, [str(len(users)), f"{of_all:.3f}", f"{of_all:.3f}", "", "exact"]]


def _range(drawn: list[float]) -> tuple[float, float]:
    """The 10th and the 90th percentile."""
    cuts = quantiles(drawn, n=10)
    return cuts[0], cuts[-1]


@click.command(help=__doc__)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=SAMPLE)
@click.option("--draws", default=400, show_default=True, help="Subsets of each size.")
@click.option("--seed", default=1, show_default=True)
def main(file: Path, draws: int, seed: int) -> None:
    for measure in MEASURES:
        rows = compared(loads_of_users(file, measure), draws, random.Random(seed))
        print(f"\n{measure}, {draws} subsets of each size\n")
        print(table(["users", "curve, kW", "mean of subsets, kW", "10 % to 90 % of them", "error of the curve"], rows))


if __name__ == "__main__":
    main()
