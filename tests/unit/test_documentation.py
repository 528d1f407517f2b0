"""What the documents say must be so."""

import re
from pathlib import Path

from click.testing import CliRunner

from evload.api.contract.endpoints import ENDPOINTS
from evload.cli import main
from evload.ingest.mapping.in_code import IN_CODE
from evload.ingest.mapping.model import KINDS
from evload.ingest.mapping.presets import presets
from evload.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ENV_EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
FORMATS = (ROOT / "docs/formats.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")


def test_the_readme_names_every_endpoint_and_command() -> None:
    for endpoint in ENDPOINTS:
        assert f"`{endpoint.path}" in README, endpoint.path
    for command in main.commands:
        assert f"`evload {command}" in README, command


def test_the_page_on_formats_names_each_format_and_key() -> None:
    for name in (*IN_CODE, *(preset.name for preset in presets())):
        assert f"`{name}`" in FORMATS, name
    for kind in KINDS.values():
        for key in set(kind.model_fields) - {"kind", "about", "example", "only_by_name"}:
            assert re.search(rf"`{key}[`\s]|`{key} =", FORMATS), key


def test_every_setting_is_in_the_example_and_nothing_else() -> None:
    named = set(re.findall(r"^#((?:EVLOAD_|DATABASE_)\w+)=", ENV_EXAMPLE, re.MULTILINE))
    expected = {f"EVLOAD_{name.upper()}" for name in Settings.model_fields if name != "database_url"}
    assert named == expected | {"DATABASE_URL"}


def test_the_defaults_in_the_example_are_the_defaults() -> None:
    fields = Settings.model_fields
    for name in (
        "pool_size",
        "max_waiting_requests",
        "statement_timeout_seconds",
        "cache_megabytes",
        "max_age_seconds",
    ):
        assert f"#EVLOAD_{name.upper()}={fields[name].default}\n" in ENV_EXAMPLE


def test_every_command_has_a_help_text() -> None:
    for name in ("", *main.commands):
        result = CliRunner().invoke(main, [*name.split(), "--help"])
        assert result.exit_code == 0
        assert len(result.output.splitlines()) > 5


def test_the_quickstart_has_at_most_15_lines() -> None:
    quickstart = README.split("## Quickstart")[1].split("Open <http")[0]
    assert len([line for line in quickstart.splitlines() if line.strip()]) <= 15


def test_folders_named_in_the_architecture_page_exist() -> None:
    rooms = re.findall(r"^\| `(src/[^`]+|sql/|migrations/|data/|tests/|benchmarks/)`", ARCHITECTURE, re.MULTILINE)
    assert len(rooms) > 10
    for room in rooms:
        assert (ROOT / room).exists(), room
