"""Counts what a conversion did: what the report of a load says of it."""

from dataclasses import dataclass, field

import polars as pl

from evload.ingest.frames import WH


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
    sessions_in_wh: int = field(default=0, repr=False)
    left_out: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def as_lines(self) -> list[str]:
        """Says to people what became of what."""
        energy_in, energy_out = self.energy_in_wh / 1000, self.energy_out_wh / 1000
        sessions = f"{self.sessions:,} sessions became " if self.kind == "session" else ""
        lines = [
            f"  read as {self.format} ({self.kind}): {sessions}{self.hours:,} hours,"
            f" energy in {energy_in:,.3f} kWh, energy out {energy_out:,.3f} kWh"
        ]
        lines += [f"  {rows:,} rows {reason}" for reason, rows in self.left_out.items()]
        counted = {
            "hours lack some of their intervals and have the energy of the others": self.incomplete_hours,
            "hours have minutes that more than one row is about; all their energies were added up": self.repeated_hours,
            "times a register began anew; what it counted just then is not known": self.resets,
            "readings lie more than an hour after the one before; what they counted was spread evenly": self.gaps,
        }
        lines += [f"  {number:,} {what}" for what, number in counted.items() if number]
        return lines + [f"  {note}" for note in self.notes]

    def note_hours(self, rows: pl.DataFrame) -> None:
        """Of the first measure that the rows have."""
        energies = [int(total) for name in WH if name in rows.columns and (total := rows[name].sum())]
        self.hours += rows.height
        self.energy_out_wh += energies[0] if energies else 0
        self.energy_in_wh = float(self.energy_out_wh)

    def note_readings(self, resets: int, gaps: int) -> None:
        self.resets += resets
        self.gaps += gaps

    def leave_out(self, reason: str, rows: int) -> None:
        if rows:
            self.left_out[reason] = self.left_out.get(reason, 0) + rows
