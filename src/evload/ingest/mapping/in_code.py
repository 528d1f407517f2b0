"""The formats that are read in code and not by a mapping: records that say when their energy flowed."""

from dataclasses import dataclass


@dataclass(frozen=True)
class InCode:
    """All records of such a file have the `fields`."""

    about: str
    fields: frozenset[str]


IN_CODE = {
    "ocpi": InCode(
        "OCPI charge detail records, 2.1.1 to 2.3, as JSON: hours by the energies of their charging periods",
        frozenset({"total_energy", "charging_periods"}),
    ),
    "zaptec": InCode("Zaptec's sessions with EnergyDetails, as JSON", frozenset({"EnergyDetails", "StartDateTime"})),
}
