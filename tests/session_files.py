"""Files of charging sessions in a published format, and a second reading of them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

OSLO = ZoneInfo("Europe/Oslo")
MAPPING = """
kind = "session"
id = "id"
start = "start"
duration = "plugged"
charging = "charging"
duration_unit = "min"
energy = "kwh"
user = "user"
location = "site"
timezone = "UTC"
"""
MAPPED_HEADER = "id,user,site,start,plugged,charging,kwh"


@dataclass(frozen=True)
class Session:
    """What a file says of a session. None, or no id: it does not say that."""

    id: str
    user: str
    site: str
    plug_in_at: datetime
    plugged_minutes: int | None
    charging_minutes: int | None
    wh: int

    @property
    def line(self) -> str:
        plugged, charging = ("" if one is None else str(one) for one in (self.plugged_minutes, self.charging_minutes))
        start = self.plug_in_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
        return ",".join((self.id, self.user, self.site, start, plugged, charging, f"{self.kwh}"))

    @property
    def kwh(self) -> Decimal:
        return Decimal(self.wh) / 1000

    @property
    def plug_out_at(self) -> datetime | None:
        return None if self.plugged_minutes is None else self.plug_in_at + timedelta(minutes=self.plugged_minutes)

    @property
    def idle_minutes(self) -> int | None:
        if self.plugged_minutes is None or self.charging_minutes is None:
            return None
        return self.plugged_minutes - self.charging_minutes

    @property
    def key(self) -> tuple[str, ...]:
        """What a session is known by: its id, or user, location and plug-in."""
        return (self.id,) if self.id else (self.user, self.site, self.plug_in_at.isoformat())


def write_sessions(path: Path, *sessions: Session) -> Path:
    path.write_text("\n".join([MAPPED_HEADER, *(session.line for session in sessions)]) + "\n", encoding="utf-8")
    return path
