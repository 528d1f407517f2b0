"""What `docs/deploy.md` gives is right: its files by the programs that they are for, its commands by running them."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from click import Command, Context, Group
from dotenv import dotenv_values

from evload.cli import main
from evload.settings import Settings
from tests.acceptance.processes import EVLOAD, Shell, postgres_pids, wait_until
from tests.deploy_page import BY_HAND, PAGE, blocks, commands, files

UNITS = {path: text for path, text in files().items() if path.startswith("/etc/systemd/")}
INSTALLED = "/usr/local/bin/evload"
CALL = re.compile(r"(?:^|[\s(=])evload ([a-z]+)((?:[ \t]+[^\s|;&)]+)*)", re.MULTILINE)


def subcommand(name: str) -> Command:
    assert name in main.commands, f"there is no evload {name}"
    return main.commands[name]


def calls() -> list[tuple[str, list[str]]]:
    """Each call of evload in a block of the page: the subcommand and its arguments."""
    text = "\n".join(body for language in ("sh", "ini", "cron") for body in blocks(language))
    text = re.sub(r"^(#|Description=).*$|^[\d* ]+ evload |exec evload", "", text, flags=re.MULTILINE)
    text = text.replace(INSTALLED, "evload")
    return [(found[1], found[2].split()) for found in CALL.finditer(text)]


def test_every_option_that_the_page_names_exists() -> None:
    assert {name for name, _ in calls()} >= {"serve", "watch", "load", "backup", "drop", "unload"}
    for name, arguments in calls():
        command = subcommand(name)
        if isinstance(command, Group):
            command = command.commands[arguments[0]]
        known = {option for one in command.params for option in one.opts}
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
    checked = {"/var/lib/evload/.env", "/etc/nginx/conf.d/evload.conf", "/etc/cron.d/evload", *UNITS}
    assert set(files()) == checked


def test_what_is_not_run_says_why() -> None:
    for text in blocks("sh"):
        if text.startswith("# By hand"):
            assert re.match(rf"{BY_HAND}it needs [^\n]+\.", text)


def run(here: Shell, script: str) -> None:
    """Runs a script as the page has it, in a folder that stands for /var/lib/evload."""
    path = f"{EVLOAD.parent}:{os.environ['PATH']}"
    ended = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", script.replace("/var/lib/evload", str(here.folder))],
        cwd=here.folder,
        env={**os.environ, **here.variables, "PATH": path, "HOME": str(here.folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, f"{script}: {ended.stdout}{ended.stderr}"


def test_the_commands_run_in_the_order_of_the_page(shell: Shell) -> None:
    here = shell.with_(EVLOAD_DATA_DIR=str(shell.folder / "data"))
    (here.folder / "backups").mkdir()
    assert len(commands()) > 1
    for script in commands():
        run(here, script)
    assert [path.stat().st_size > 0 for path in (here.folder / "backups").glob("*-before-upgrade.backup")] == [True]


def test_the_lines_of_cron_run(here: Shell) -> None:
    """cron takes a backslash before a percent sign away."""
    (here.folder / "backups").mkdir()
    _, path, *lines = files()["/etc/cron.d/evload"].splitlines()
    assert path == f"PATH={Path(INSTALLED).parent}:/usr/bin:/bin"
    (last,) = (text for text in blocks("cron") if not text.startswith("#"))
    for line in (*lines, last):
        *moment, user, command = line.split(maxsplit=6)
        assert all(re.fullmatch(r"[\d*]+", one) for one in moment)
        assert user == "evload"
        assert not re.search(r"(?<!\\)%", command)
        run(here, command.replace(r"\%", "%"))
    assert len(list((here.folder / "backups").glob("evload-*.backup"))) == 1


def test_the_process_that_started_postgres_ends_and_the_other_goes_on(shell: Shell) -> None:
    """What `KillMode=process` of the units relies on."""
    here = shell.with_(EVLOAD_DATA_DIR=str(shell.folder / "data"))
    with here.serving("serve") as first, here.serving("serve") as second:
        assert first.running.stop().code == 0
        assert second.json("/readyz")["status"] == "ready"
        here.succeed("sample", "trial.csv", "--days", "3")
        here.succeed("load", "trial.csv")
        wait_until(lambda: second.get("/kpi/total-energy").status_code == 200)
        assert second.running.stop().troubles == []
    assert postgres_pids(shell.folder / "data") == []
