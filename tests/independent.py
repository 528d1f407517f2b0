"""Every number the API serves, computed a second time: polars over the raw rows of a file, nothing of evload's."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

MEASURES = {
    "synthetic_3_6_kwh": "Synthetic_3_6kW",
    "synthetic_7_2_kwh": "Synthetic_7_2kW",
    "flex_3_6_kwh": "Flex_3_6kW",
    "flex_7_2_kwh": "Flex_7_2kW",
}
HOUR = timedelta(hours=1)
THOUSANDTH = Decimal("0.001")


def _instants(text: str, zone: ZoneInfo) -> list[datetime]:
    """The one or two instants that a time on the site's clock can be."""
    moment = datetime.strptime(text, "%d.%m.%Y %H:%M")
    return [moment.replace(tzinfo=zone, fold=fold).astimezone(ZoneInfo("UTC")) for fold in (0, 1)]


def _start(date_from: str, date_to: str, zone: ZoneInfo) -> datetime:
    ends = _instants(date_to, zone)
    return next(start for start in _instants(date_from, zone) if start + HOUR in ends)


def _energy(text: str) -> Decimal | None:
    return None if text == "NA" else Decimal(text.replace(",", ".")).quantize(THOUSANDTH, ROUND_HALF_UP)


def raw_rows(path: Path, timezone: str) -> pl.DataFrame:
    """Columns: line, date_from (UTC), local_from, day, user_id and session_id (null in filler rows), the measures."""
    zone = ZoneInfo(timezone)
    raw = pl.read_csv(path, separator=";", infer_schema=False)
    starts = [_start(a, b, zone) for a, b in raw.select("date_from", "date_to").iter_rows()]
    local = [start.astimezone(zone).replace(tzinfo=None) for start in starts]
    measures = [
        pl.Series(name, [_energy(text) for text in raw[published]], dtype=pl.Decimal(18, 3))
        for name, published in MEASURES.items()
    ]
    return pl.DataFrame(
        [
            pl.Series("line", range(2, raw.height + 2)),
            pl.Series("date_from", starts, dtype=pl.Datetime("us", "UTC")),
            pl.Series("local_from", local, dtype=pl.Datetime("us")),
            pl.Series("day", [moment.date() for moment in local]),
            raw["User_ID"].replace("NA", None).alias("user_id"),
            raw["session_ID"].replace("NA", None).cast(pl.Int32).alias("session_id"),
            *measures,
        ]
    )


def rounded(value: Decimal) -> float:
    return float(value.quantize(Decimal("0.01"), ROUND_HALF_UP))


@dataclass(frozen=True)
class Expected:
    """What the API must answer about some rows."""

    rows: pl.DataFrame
    measure: str

    @staticmethod
    def between(rows: pl.DataFrame, measure: str, start: datetime | None, end: datetime | None) -> "Expected":
        if start is not None:
            rows = rows.filter(pl.col("date_from") >= start)
        if end is not None:
            rows = rows.filter(pl.col("date_from") <= end)
        return Expected(rows, measure)

    def hours(self) -> list[tuple[datetime, datetime, Decimal]]:
        """(instant, local time, energy), by instant."""
        energy = pl.col(self.measure).fill_null(Decimal(0)).sum()
        hourly = self.rows.group_by("date_from", "local_from").agg(energy).sort("date_from")
        return list(hourly.iter_rows())

    def days(self) -> dict[str, list[Decimal]]:
        """Day -> the energies of its hours."""
        by_day: dict[str, list[Decimal]] = {}
        for _, local, energy in self.hours():
            by_day.setdefault(local.date().isoformat(), []).append(energy)
        return by_day

    def daily(self) -> list[Decimal]:
        return [sum(hours, Decimal(0)) for hours in self.days().values()]

    def answers(self) -> dict[str, object]:
        """Path -> answer, of every aggregate with a range."""
        hourly, days = self.hours(), self.days()
        named, daily = list(days), [sum(hours, Decimal(0)) for hours in days.values()]
        active = [sum(energy > 0 for energy in hours) for hours in days.values()]
        return {
            "/load/hourly": [
                {"hour": local.isoformat(), "hourly_energy_kwh": float(energy)} for _, local, energy in hourly
            ],
            "/load/daily": [
                {"day": day, "daily_energy_kwh": float(energy)} for day, energy in zip(named, daily, strict=True)
            ],
            "/kpi/total-energy": {"total_energy_kwh": rounded(sum(daily, Decimal(0)))},
            "/kpi/daily-average": {"avg_daily_energy_kwh": rounded(sum(daily, Decimal(0)) / len(daily))},
            "/kpi/peak-daily": {"peak_daily_energy_kwh": rounded(max(daily))},
            "/kpi/peak-hourly": {"peak_hourly_load_kwh": rounded(max(energy for *_, energy in hourly))},
            "/kpi/daily_utilization": [
                {"day": day, "active_hours": hours} for day, hours in zip(named, active, strict=True)
            ],
            "/kpi/avg-active-hours-per-day": {
                "avg_active_charging_hours_per_day": rounded(Decimal(sum(active)) / len(active))
            },
        }


def last_7_days(rows: pl.DataFrame, measure: str, timezone: str) -> dict[str, object]:
    zone = ZoneInfo(timezone)
    latest: datetime = rows["date_from"].max()  # type: ignore[assignment]
    local = latest.astimezone(zone).replace(tzinfo=None)
    since = (local - timedelta(days=7)).replace(tzinfo=zone).astimezone(ZoneInfo("UTC"))
    daily = Expected.between(rows, measure, since, latest).daily()
    return {
        "avg_daily_energy_kwh": rounded(sum(daily, Decimal(0)) / len(daily)),
        "period": "last_7_days",
        "from": (local - timedelta(days=7)).date().isoformat(),
        "to": local.date().isoformat(),
    }
