"""What `docs/deploy.md` gives is right: its files by the programs that they are for, its commands by running them."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from click import Command, Context
from dotenv import dotenv_values

from evload.cli import main
from evload.settings import Settings
from tests.acceptance.processes import EVLOAD
from tests.deploy_page import BY_HAND, PAGE, blocks, files

UNITS = {path: text for path, text in files().items() if path.startswith("/etc/systemd/")}
INSTALLED = "/usr/local/bin/evload"
CALL = re.compile(r"(?:^|[\s(=])evload ([a-z]+)((?:[ \t]+[^\s|;&)]+)*)", re.MULTILINE)


def subcommand(name: str) -> Command:
    assert name in main.commands, f"there is no evload {name}"
    return main.commands[name]


def calls() -> list[tuple[str, list[str]]]:
    """Each call of evload in a block of the page: the subcommand and its arguments."""
    text = "\n".join(body for language in ("sh", "ini", "cron") for body in blocks(language))
    text = re.sub(r"^(#|Description=).*$", "", text.replace("\\\n", " "), flags=re.MULTILINE)
    text = text.replace(INSTALLED, "evload")
    return [(found[1], found[2].split()) for found in CALL.finditer(text)]


def test_every_option_that_the_page_names_exists() -> None:
    assert calls()
    for name, arguments in calls():
        known = {option for one in subcommand(name).params for option in one.opts}
        for option in (one.partition("=")[0] for one in arguments if one.startswith("--")):
            assert option in known, f"evload {name} has no {option}"


def test_every_evload_command_in_the_text_exists() -> None:
    for name in re.findall(r"`evload ([a-z]+)", PAGE):
        assert subcommand(name).get_help(Context(subcommand(name)))


def test_every_setting_that_the_page_names_exists() -> None:
    named = set(re.findall(r"\bEVLOAD_[A-Z_]+\b", PAGE))
    known = {f"EVLOAD_{name.upper()}" for name in Settings.model_fields}
    assert named
    assert named <= known, named - known


def test_the_settings_are_read_as_they_stand(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text(files()["/var/lib/evload/.env"])
    settings = Settings(_env_file=path)  # type: ignore[call-arg]
    for name, value in dotenv_values(path).items():
        read = getattr(settings, name.removeprefix("EVLOAD_").lower())
        assert str(read[0] if isinstance(read, tuple) else read).lower() == str(value).lower()


@pytest.mark.parametrize("path", UNITS)
def test_units_are_valid(path: str, tmp_path: Path) -> None:
    """The program of the page is not installed here, and the installed one is."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("there is no systemd-analyze here")
    for other, text in UNITS.items():
        (tmp_path / Path(other).name).write_text(text.replace(INSTALLED, str(EVLOAD)))
    name = Path(path).name.replace("@.", "@8000.")
    checked = tmp_path / name
    if not checked.exists():
        checked.write_text((tmp_path / Path(path).name).read_text())
    ended = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", checked],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning"},
    )
    said = [line for line in ended.stderr.splitlines() if str(tmp_path) in line or name in line]
    assert (ended.returncode, said) == (0, []), ended.stderr


def test_every_file_is_checked_here_or_behind_nginx() -> None:
    checked = {"/var/lib/evload/.env", "/etc/nginx/conf.d/evload.conf", *UNITS}
    assert set(files()) <= checked


def test_what_is_not_run_says_why() -> None:
    for text in blocks("sh"):
        if text.startswith("# By hand"):
            assert re.match(rf"{BY_HAND}it needs [^\n]+\.", text)
