"""Damaged files are read or refused with a sentence: no panic, no abort, and not a word on the terminal."""

from pathlib import Path
from random import Random

import pytest

from evload.ingest.read import LoadFile, UnreadableFile
from tests.unit.ingest.mutations import FILES, damaged


def test_damaged_files_are_read_or_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    draw, refusals = Random(11), []
    for number in range(60):
        kind, data = damaged(draw)
        path = tmp_path / f"{number}"
        path.write_bytes(data)
        try:
            assert sum(block.rows_read for block in LoadFile(path, "Europe/Oslo").blocks())
        except UnreadableFile as refusal:
            refusals.append((kind, str(refusal)))
    assert refusals
    assert not [text for kind, text in refusals if "Traceback" in text or "panic" in text or "thread" in text]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", FILES)
def test_the_undamaged_files_are_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a"
    path.write_bytes(FILES[kind])
    assert sum(block.rows.height for block in LoadFile(path, "Europe/Oslo").blocks()) == 644


def test_a_reader_that_is_killed_refuses_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(FILES["parquet"])
    monkeypatch.setattr("evload.ingest.formats.parquet.READER", ("-c", "import os; os.kill(os.getpid(), 9)"))
    monkeypatch.setattr("evload.ingest.formats.parquet._idle", [])
    with pytest.raises(UnreadableFile, match="the process that reads Parquet was ended"):
        list(LoadFile(path, "Europe/Oslo").blocks())
    monkeypatch.setattr("evload.ingest.formats.parquet.READER", ("-c", "import os; os.abort()"))
    with pytest.raises(UnreadableFile, match="is damaged: it cannot be read as Parquet"):
        list(LoadFile(path, "Europe/Oslo").blocks())
