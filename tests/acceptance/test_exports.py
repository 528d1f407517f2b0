"""What `docs/exports.md` shows, as its readers do it: over a socket, by the address."""

import csv
import io
import shutil
import subprocess
from pathlib import Path
from urllib.request import urlopen

import polars as pl
import pytest

from evload.embedded.binaries import wheel_folder
from tests.acceptance.conftest import ODD_USERS
from tests.acceptance.processes import Api, Shell

DOCS = (Path(__file__).parents[2] / "docs/exports.md").read_text(encoding="utf-8")
EXAMPLE = "http://127.0.0.1:8000"


def shown(api: Api, start: str) -> str:
    """A line of the documentation, at the address of the server under test."""
    return next(line.strip() for line in DOCS.splitlines() if line.strip().startswith(start)).replace(
        EXAMPLE, api.address
    )


def test_polars_reads_parquet_by_its_address(charging_api: Api) -> None:
    users = eval(shown(charging_api, "users = polars")[len("users = ") :], {"polars": pl})
    assert users["user_id"].to_list() == [row["user_id"] for row in charging_api.json("/users/summary?limit=1000")]
    names = {"polars": pl, "BytesIO": io.BytesIO, "urlopen": urlopen}
    rows = eval(shown(charging_api, "rows = polars")[len("rows = ") :], names)
    assert rows.height == charging_api.json("/hourly_loads?limit=1&after=0")[0]["index"] - 1 + rows["index"].n_unique()
    assert set(rows["user_id"].drop_nulls()) == set(charging_api.json("/users"))


def test_polars_reads_csv_and_arrow(charging_api: Api) -> None:
    wanted = charging_api.json("/load/daily")
    for table in (
        pl.read_csv(f"{charging_api.address}/load/daily.csv", try_parse_dates=True),
        pl.read_csv(
            f"{charging_api.address}/load/daily.csv?decimal=,", separator=";", decimal_comma=True, try_parse_dates=True
        ),
        pl.read_ipc_stream(urlopen(f"{charging_api.address}/load/daily.arrow")),
    ):
        assert [{**row, "day": row["day"].isoformat()} for row in table.iter_rows(named=True)] == wanted


@pytest.mark.parametrize(("decimal", "delimiter"), [(".", ","), (",", ";")])
def test_ids_that_a_spreadsheet_would_run_are_text_and_others_as_they_are(
    charging_api: Api, decimal: str, delimiter: str
) -> None:
    text = charging_api.get(f"/users/summary.csv?decimal={decimal}").content.decode("utf-8-sig")
    found = {row["user_id"] for row in csv.DictReader(io.StringIO(text), delimiter=delimiter)}
    wanted = charging_api.json("/users")
    assert "=1+1" in ODD_USERS
    assert found == {f"'{user}" if user.startswith("=") else user for user in wanted}
    for suffix, read in ((".parquet", pl.read_parquet), (".arrow", pl.read_ipc_stream)):
        body = charging_api.get(f"/users{suffix}").content
        assert read(io.BytesIO(body))["user_id"].to_list() == wanted


def test_every_beginning_of_a_formula_is_marked_and_no_number_is(here: Shell) -> None:
    ids = ["=a", "+a", "-a", "@a", "a=", "'a", "1", "Ø", 'x"y', "x;y", "x,y"]
    rows = [
        f'21.12.2018 {hour}:00;21.12.2018 {hour + 1}:00;"{user.replace(chr(34), 2 * chr(34))}";{hour};1,5'
        for hour, user in enumerate(ids, 10)
    ]
    file = here.folder / "odd.csv"
    file.write_text("\n".join(["date_from;date_to;User_ID;session_ID;Synthetic_3_6kW", *rows]) + "\n", encoding="utf-8")
    here.succeed("load", file)
    with here.serving("serve") as api:
        lines = [*csv.DictReader(io.StringIO(api.get("/hourly_loads.csv").text))]
        headroom = api.get("/grid/billed-demand.csv?steps=0&rule=us").text
    assert [line["user_id"] for line in lines] == ["'=a", "'+a", "'-a", "'@a", *ids[4:]]
    assert {line["synthetic_3_6_kwh"] for line in lines} == {"1.500"}
    assert "'" not in headroom


def test_psql_copies_it_into_another_table(charging_api: Api, server_dsn: str) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    copy = shown(charging_api, '-c "\\copy daily').removeprefix('-c "').removesuffix('"').replace("curl", curl)
    create = (
        shown(charging_api, "psql -c").removeprefix("psql -c '").removesuffix("' \\").replace("TABLE", "TEMP TABLE")
    )
    psql = wheel_folder() / "pginstall" / "bin" / "psql"
    command: list[str | Path] = [
        psql,
        server_dsn,
        "-X",
        "-q",
        "-A",
        "-t",
        "-v",
        "ON_ERROR_STOP=1",
        "-c",
        create,
        "-c",
        copy,
    ]
    counted = subprocess.run(
        [*command, "-c", "SELECT count(*), sum(daily_energy_kwh)::float FROM daily"],
        check=True,
        capture_output=True,
        text=True,
    )
    days = charging_api.json("/load/daily")
    count, total = counted.stdout.strip().split("|")
    assert int(count) == len(days)
    assert float(total) == pytest.approx(sum(day["daily_energy_kwh"] for day in days))
