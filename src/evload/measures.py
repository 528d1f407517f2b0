"""The measures: the energies that each hour of a charging session has, one column of numbers each."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    name: str
    """What the column, the API's parameter and the sums are called, with the unit."""
    published: str
    """What the published files call the column."""
    title: str
    """What people read."""
    unit: str


MEASURES: tuple[Measure, ...] = (
    Measure("synthetic_3_6_kwh", "Synthetic_3_6kW", "Charging at 3.6 kW", "kWh"),
    Measure("synthetic_7_2_kwh", "Synthetic_7_2kW", "Charging at 7.2 kW", "kWh"),
    Measure("flex_3_6_kwh", "Flex_3_6kW", "Shiftable at 3.6 kW", "kWh"),
    Measure("flex_7_2_kwh", "Flex_7_2kW", "Shiftable at 7.2 kW", "kWh"),
)
