"""The table of measures: what of an hour is stored and added up. Each is a column of `hourly_load` by its name."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """`published` is the column's name in the published data set; `maximum_kwh` is the most that its column holds."""

    name: str
    published: str
    title: str
    maximum_kwh: str = "999.999"
    unit: str = "kWh"


MEASURES = (
    Measure("synthetic_3_6_kwh", "Synthetic_3_6kW", "Charging at 3.6 kW"),
    Measure("synthetic_7_2_kwh", "Synthetic_7_2kW", "Charging at 7.2 kW"),
    Measure("flex_3_6_kwh", "Flex_3_6kW", "Shiftable at 3.6 kW"),
    Measure("flex_7_2_kwh", "Flex_7_2kW", "Shiftable at 7.2 kW"),
    Measure("metered_kwh", "Metered_kWh", "Metered", maximum_kwh="999999.999"),
)
NAMES = tuple(measure.name for measure in MEASURES)
