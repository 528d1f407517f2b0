"""The second computation covers whatever the API serves."""

from pathlib import Path

from evload.api.contract.endpoints import ENDPOINTS
from tests.endpoints import OF_SESSIONS
from tests.files import SMALL_FILE
from tests.independent import OF_ALL_ROWS, Expected, raw_rows
from tests.independent_grid import OF_PLANS


def test_every_endpoint_is_computed_a_second_time(tmp_path: Path) -> None:
    path = tmp_path / "small.csv"
    path.write_text(SMALL_FILE, encoding="utf-8")
    answers = Expected.between(raw_rows(path, "Europe/Oslo"), "synthetic_3_6_kwh", "Europe/Oslo").answers()
    computed = {asked.partition("?")[0] for asked in answers} | set(OF_ALL_ROWS) | set(OF_PLANS) | OF_SESSIONS
    served = {endpoint.path for endpoint in ENDPOINTS}
    assert not served - computed, f"Compute {sorted(served - computed)} in tests/independent.py, without evload's code."
    assert not computed - served, f"Nobody serves {sorted(computed - served)}: delete it in tests/independent.py."
