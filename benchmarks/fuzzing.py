"""Asks the API thousands of things that its OpenAPI document allows or forbids: no 500, no unpromised answer.

uv run python benchmarks/fuzzing.py [--examples 300]

All checks of schemathesis, which comes from uv for the run. The document cannot say that a range that runs backwards is
answered 400, so that is allowed.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import click

from common import evload, fresh_server, serving

SAMPLE = Path(__file__).parents[1] / "data" / "sample_hourly_loads.csv"
CONFIG = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "400", "404"]
"""


@click.command()
@click.option("--examples", default=300, show_default=True, help="At most, per endpoint and phase.")
def main(examples: int) -> None:
    with fresh_server() as server, tempfile.TemporaryDirectory() as folder:
        dsn = server.database("fuzzed")
        evload(dsn, "load", SAMPLE)
        config = Path(folder, "schemathesis.toml")
        config.write_text(CONFIG)
        with serving(dsn) as address:
            fuzz = [
                "uv",
                "run",
                "--no-project",
                "--quiet",
                "--with",
                "schemathesis",
                "st",
                "--config-file",
                str(config),
            ]
            run = ["run", f"{address}/openapi.json", "--checks", "all", "--max-examples", str(examples)]
            sys.exit(subprocess.run([*fuzz, *run], cwd=folder, check=False).returncode)


if __name__ == "__main__":
    main()
