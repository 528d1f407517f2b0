"""Counts what a conversion did: what the report of a load says of it."""

from dataclasses import dataclass, field


@dataclass
class Conversion:
    """`left_out` counts rows that are no load, by the reason; `notes` are sentences for whoever loads."""

    format: str
    kind: str
    sessions: int = 0
    hours: int = 0
    energy_in_wh: float = 0.0
    energy_out_wh: int = 0
    incomplete_hours: int = 0
    repeated_hours: int = 0
    resets: int = 0
    gaps: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def note_readings(self, resets: int, gaps: int) -> None:
        self.resets += resets
        self.gaps += gaps

    def leave_out(self, reason: str, rows: int) -> None:
        if rows:
            self.left_out[reason] = self.left_out.get(reason, 0) + rows
