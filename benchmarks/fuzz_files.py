"""Damages files of every format at random, and reads them: rows or a sentence, no panic, no abort, no endless work.

uv run python benchmarks/fuzz_files.py [--files 10000] [--seed 1] [--seconds 20]

Nothing may be printed meanwhile. What is read wrongly is kept in a folder that the last line names.
"""

import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

import click

from evload.ingest.read import LoadFile, UnreadableFile

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.unit.ingest.mutations import damaged


def outcome(path: Path) -> str:
    try:
        rows = sum(block.rows_read for block in LoadFile(path, "Europe/Oslo").blocks())
    except UnreadableFile:
        return "refused"
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return f"{type(error).__name__}: {error}"
    return "read" if rows else "read without rows"


@click.command()
@click.option("--files", default=10_000, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--seconds", default=20.0, show_default=True, help="A file may take at most.")
def main(files: int, seed: int, seconds: float) -> None:
    draw, seen, bad = Random(seed), Counter[tuple[str, str]](), 0
    folder = Path(tempfile.mkdtemp(prefix="evload-fuzz-"))
    with tempfile.TemporaryFile() as said:
        terminal = os.dup(2)
        os.dup2(said.fileno(), 2)
        for number in range(files):
            kind, data = damaged(draw)
            path = folder / str(number)
            path.write_bytes(data)
            began = time.monotonic()
            found = outcome(path)
            took = time.monotonic() - began
            seen[kind, found] += 1
            if found in ("read", "refused") and took < seconds:
                path.unlink()
            else:
                bad += 1
                print(f"{path}: {kind}: {found[:200]} in {took:.1f} s", flush=True)
        os.dup2(terminal, 2)
        said.seek(0)
        printed = said.read().decode(errors="replace")
    for (kind, found), count in sorted(seen.items()):
        print(f"{count:6} {kind}: {found[:60]}")
    print(f"{files} files, {bad} bad ones (in {folder}), {len(printed)} characters printed: {printed[:500]}")
    sys.exit(bool(bad or printed))


if __name__ == "__main__":
    main()
