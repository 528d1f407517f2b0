"""The commands about formats: which there are, what one says, and a mapping to start from for another one."""

from pathlib import Path

import click

from evload.errors import EvloadError


@click.group(invoke_without_command=True, help="List the formats that are recognised, each with an example header.")
@click.pass_context
def formats(context: click.Context) -> None:
    if context.invoked_subcommand is None:
        _list()


def _list() -> None:
    from evload.ingest.mapping.in_code import IN_CODE
    from evload.ingest.mapping.presets import presets

    for preset in presets():
        mapping = preset.mapping
        click.echo(f"{preset.name} ({mapping.kind}): {mapping.about}\n    {mapping.example}")
    for name, one in IN_CODE.items():
        click.echo(f"{name}: {one.about}")
    click.echo(
        "`evload formats show NAME` prints one, to be changed into your own; `evload load --format my.toml` reads it."
    )


@formats.command(help="Print the mapping of the format NAME, as a start for one of your own.")
@click.argument("name")
def show(name: str) -> None:
    from evload.ingest.mapping.presets import text_of

    click.echo(text_of(name), nl=False)


@formats.command(help="Write a mapping to start from for FILE, whose format is not known.")
@click.argument("file", type=click.Path(path_type=Path))
def draft(file: Path) -> None:
    from evload.ingest.formats.drafting import drafted

    text = drafted(file)
    if not text:
        raise EvloadError(f"{file}: is no table with a header, so there is nothing to map.")
    click.echo(text, nl=False)
