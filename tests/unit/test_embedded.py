import importlib.util
import sys
from pathlib import Path

import pytest

from evload.embedded import EmbeddedUnavailable, default_data_dir, running_server


def test_without_a_wheel_it_says_to_set_database_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(EmbeddedUnavailable, match="set DATABASE_URL"), running_server(tmp_path / "data", print):
        pass
    assert not (tmp_path / "data").exists()


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has a folder of its own")
def test_default_data_dir_follows_xdg() -> None:
    assert default_data_dir({"HOME": "/home/kim"}) == Path("/home/kim/.local/share/evload")
    assert default_data_dir({"HOME": "/home/kim", "XDG_DATA_HOME": "/data"}) == Path("/data/evload")
    assert default_data_dir({"HOME": "/home/kim", "XDG_DATA_HOME": "here"}) == Path("/home/kim/.local/share/evload")
    assert default_data_dir({}) == Path.home() / ".local/share/evload"


def test_failure_reason_is_picked_from_the_log() -> None:
    cluster = pytest.importorskip("evload.embedded.cluster", reason="no embedded Postgres here")
    log = (
        "2026-11-22 11:06:01.609 UTC [10354] LOG:  starting PostgreSQL\n"
        "2026-11-22 11:06:01.612 UTC [10354] FATAL:  data directory is gone\n"
        "2026-11-22 11:06:01.613 UTC [10354] LOG:  database system is shut down\n"
    )
    assert cluster.failure_reason(log) == "FATAL:  data directory is gone"
    assert cluster.failure_reason("one\ntwo\n") == "one two"
    assert cluster.failure_reason("") == "it did not say why"
