"""Asks the API thousands of things that its OpenAPI document allows or forbids: no 500, no unpromised answer.

uv run python benchmarks/fuzzing.py [--examples 300]

All checks of schemathesis, which comes from uv for the run. `/events` has no end, so it is left to the tests. The
document cannot say that a range that runs backwards is answered 400, nor which parameters contradict each other: for
these see `fuzzing_hooks.py`.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import click

from common import evload, fresh_server, serving

SAMPLE = Path(__file__).parents[1] / "data" / "sample_hourly_loads.csv"
HOOKS = Path(__file__).with_name("fuzzing_hooks.py")
SCHEMATHESIS = ["uvx", "--quiet", "--from", "schemathesis>=4.32,<5", "st"]
CONFIG = f"""
hooks = "{HOOKS}"
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "304", "400", "404"]
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
            fuzz = [*SCHEMATHESIS, "--config-file", f"{config}", "run", f"{address}/openapi.json"]
            options = ["--checks", "all", "--exclude-path", "/events", "--max-examples", str(examples)]
            sys.exit(subprocess.run([*fuzz, *options], cwd=folder, check=False).returncode)


if __name__ == "__main__":
    main()
