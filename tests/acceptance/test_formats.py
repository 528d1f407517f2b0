"""The commands about formats, and loading by one, as processes."""

import json

from tests.acceptance.processes import Shell
from tests.unit.ingest.preset_files import TRONDHEIM
from tests.views import row_count

UNKNOWN = "Start,End,kWh,Driver\n2020-01-01 10:00,2020-01-01 12:00,3.6,Ann\n2020-01-02 10:00,2020-01-02 12:00,1.8,Bo\n"


def test_formats_lists_each_with_its_header(here: Shell) -> None:
    listed = here.succeed("formats")
    assert "trondheim (session): " in listed
    assert "Fra,Til,KWH 60 Forbruk,Kvalitet" in listed
    assert "ocpi: OCPI charge detail records" in listed
    shown = here.succeed("formats", "show", "elhub")
    assert 'kind = "interval"' in shown
    assert "There is no format elhup" in here.fail("formats", "show", "elhup")


async def test_from_an_unknown_file_to_hours_by_a_draft(here: Shell, dsn: str) -> None:
    (here.folder / "data.csv").write_text(UNKNOWN)
    said = here.fail("load", "data.csv")
    assert "looks like charging sessions: Start, End, kWh, Driver" in said
    assert "evload formats draft FILE > my.toml" in said
    (here.folder / "my.toml").write_text(here.succeed("formats", "draft", "data.csv"))
    explained = here.succeed("load", "--format", "my.toml", "--explain", "data.csv")
    assert "read as my.toml (session)" in explained
    assert "2020-01-01 10:00 +0100, user Ann, session " in explained
    assert "Nothing was loaded." in explained
    assert await row_count(dsn) == 0
    report = json.loads(here.succeed("load", "--format", "my.toml", "--power", "3.6", "--json", "data.csv"))
    assert report["conversion"]["sessions"] == 2
    assert report["conversion"]["energy_out_wh"] == 5400


def test_a_known_file_is_explained(here: Shell) -> None:
    (here.folder / "reports.csv").write_text(TRONDHEIM)
    explained = here.succeed("load", "--explain", "reports.csv")
    assert "reports.csv: read as trondheim (session)" in explained
    assert "user AdO3-4, at AdO3, session 1, synthetic_3_6_kwh 0.300" in explained


def test_a_power_or_a_format_that_is_not_there_is_refused(here: Shell) -> None:
    wrong = here.run("load", "--power", "11", "x.csv")
    assert (wrong.code, "names other powers than 3.6 and 7.2 kW" in wrong.stderr) == (2, True)
    assert "There is no format elhup" in here.fail("load", "--format", "elhup", "x.csv")
