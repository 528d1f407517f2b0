"""Which files of a folder or a pattern are loaded: those that are meant; and all others are named."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evload.errors import shown
from evload.ingest.find import NoFiles, files_of
from tests.strategies import examples

MEANT = (
    "loads.csv", "LOADS.CSV", "2024 January.csv.gz", "part-00000-1b2c.c000.snappy.parquet", "a.b.tsv", "x.txt.zst",
    "loads.pq", "loads.gz", "part-00000.csv", "Ladungen März.csv", "readme-not.csv", "year[2018].csv",
)  # fmt: skip
JUNK = (
    "Thumbs.db", "_SUCCESS", "_committed_123", "_metadata", "~$loads.xlsx", "~$loads.csv", "desktop.ini", ".DS_Store",
    ".loads.csv", "._loads.csv", ".loads.csv.crc", "loads.csv~", "loads.csv.part", "loads.csv.crdownload",
    "loads.csv.crc",
    "loads.csv.tmp", "#loads.csv#", "loads.csv.rejects.csv", "loads.csv.rejects-12.csv", "README.txt", "readme",
    "Readme.md",
    "notes.txt", "Notes.txt", "LICENSE.txt", "desktop.ini.csv.bak",
)  # fmt: skip
NOT_KNOWN = (
    "loads",
    "loads.dat",
    "loads.xlsx",
    "loads.tar.gz",
    "loads.csv.bz2",
    "2024.01.gz",
    "bad\udcff.bin",
    "a\nb.doc",
)
KINDS: dict[str, Callable[[Path], object]] = {
    "folder": Path.mkdir,
    "pipe": os.mkfifo,
    "dangling link": lambda path: path.symlink_to("absent"),
}

folders = st.dictionaries(
    st.sampled_from((*MEANT, *JUNK, *NOT_KNOWN)) | st.integers(0, 99).map(lambda number: f"more {number}.csv"),
    st.sampled_from(("file", "file", "file", "file", *KINDS)),
    min_size=1,
)


@examples(60)
@given(entries=folders)
def test_a_folder_gives_what_is_meant_and_names_everything_else(
    tmp_path_factory: pytest.TempPathFactory, entries: dict[str, str]
) -> None:
    folder = tmp_path_factory.mktemp("drop")
    for name, kind in entries.items():
        KINDS.get(kind, Path.touch)(folder / name)
    left = [name for name, kind in entries.items() if kind != "file" or name in (*JUNK, *NOT_KNOWN)]
    meant = sorted(folder / name for name in entries.keys() - left)
    said: list[str] = []
    if meant:
        assert files_of([folder], said.append) == meant
    else:
        with pytest.raises(NoFiles) as error:
            files_of([folder], said.append)
        said.append(str(error.value))
    assert len(said) == bool(left)
    assert all(line.isprintable() for line in said)
    for name in left:
        assert re.search(rf"(: |, |only ){re.escape(shown(name))}/?[,.]", said[0])


@pytest.mark.parametrize("name", ["_SUCCESS", "loads.dat", "README.txt", ".hidden.csv"])
def test_a_file_that_is_named_itself_is_always_meant(tmp_path: Path, name: str) -> None:
    said: list[str] = []
    (tmp_path / name).touch()
    assert files_of([tmp_path / name], said.append) == [tmp_path / name]
    assert not said


def test_a_pattern_gives_the_files_of_its_suffix(tmp_path: Path) -> None:
    said: list[str] = []
    (tmp_path / "below").mkdir()
    for name in ("a.dat", "b.csv", "_c.dat", "below/d.dat", "a.dat.rejects.csv"):
        (tmp_path / name).touch()
    assert files_of([tmp_path / "*.dat"], said.append) == [tmp_path / "a.dat"]
    assert files_of([tmp_path / "**/*.dat"], said.append) == [tmp_path / "a.dat", tmp_path / "below/d.dat"]
    assert files_of([tmp_path / "*"], said.append) == [tmp_path / "b.csv"]
    assert ["below" in line for line in said] == [False, False, True]
    assert ["_c.dat" in line for line in said] == [True, True, True]


def test_a_pattern_through_folders_does_not_name_those_that_it_looked_into(tmp_path: Path) -> None:
    said: list[str] = []
    (tmp_path / "below/deep").mkdir(parents=True)
    (tmp_path / "below/deep/a.csv").touch()
    assert files_of([tmp_path / "**"], said.append) == [tmp_path / "below/deep/a.csv"]
    assert not said


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "iterdir", refuse)  # root may read every folder
    with pytest.raises(NoFiles, match="Permission denied"):
        files_of([tmp_path], print)
