"""The commands that write the database to a file and bring it back."""

import time
from pathlib import Path

import click

from evload.backup.backup import back_up
from evload.command import database, json_option, on_a_database, run, say_json
from evload.errors import shown


@click.command(help="Write one snapshot of the database to FILE, beside loads and polls, and read it again.")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@json_option
@on_a_database
def backup(file: Path, data_dir: Path | None, as_json: bool) -> None:
    began = time.perf_counter()
    with database(data_dir, create=False) as (_, dsn):
        run(back_up(dsn, file))
    size = file.stat().st_size
    seconds = round(time.perf_counter() - began, 2)
    if as_json:
        say_json({"file": str(file), "bytes": size, "seconds": seconds})
    else:
        click.echo(f"{shown(file)}: {size:,} bytes in {seconds} s, read again and found complete")


@click.command(
    help="""Put the backup FILE into the database: one of `evload backup`, or of pg_dump as SQL or custom format.

    All of it is put there, or nothing is changed. Requests that memory cannot answer wait until it is done.
    """
)
@click.argument("file", type=click.Path(dir_okay=False, exists=True, path_type=Path))
@click.option("--replace", is_flag=True, help="Also where the database holds rows, which are lost then.")
@json_option
@on_a_database
def restore(file: Path, data_dir: Path | None, replace: bool, as_json: bool) -> None:
    from evload.backup.restore import restore as restore_file

    began = time.perf_counter()
    with database(data_dir, migrate=True) as (_, dsn):
        found = run(restore_file(dsn, file, replace=replace))
    seconds = round(time.perf_counter() - began, 2)
    if as_json:
        say_json({"file": str(file), **found, "seconds": seconds})
    else:
        rows, version = found["stored_rows"], found["data_version"]
        click.echo(f"{shown(file)}: {rows:,} rows, data version {version}, in {seconds} s; sums and rows agree")


COMMANDS = (backup, restore)
