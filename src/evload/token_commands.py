"""The commands `evload token`: make a token, list them, revoke one."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from evload import tokens
from evload.command import database, json_option, on_a_database, run, say, say_json
from evload.tokens import MAX_NAME_CHARACTERS, Role

MAX_IDS = 200  # as many as a request may ask for


@click.group(
    help="""Make, list and revoke the tokens that let requests in.

    From the first token on, no request is answered without one.
    """
)
def token() -> None:
    pass


def _name(context: click.Context, parameter: click.Parameter, value: str) -> str:
    if not value.isprintable() or not 0 < len(value) <= MAX_NAME_CHARACTERS or value.strip() != value:
        raise click.BadParameter(f"Up to {MAX_NAME_CHARACTERS} characters that can be printed.")
    return value


def _ids(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) > MAX_IDS:
        raise click.BadParameter(f"At most {MAX_IDS} of them.")
    return values


@token.command(help="Make a token and print it, once: it is not stored, only its SHA-256.")
@click.argument("name", callback=_name)
@click.option(
    "--role",
    required=True,
    type=click.Choice([role.value for role in Role]),
    help="public: sums over users alone. reader: also users and their rows.",
)
@click.option("--location", "locations", multiple=True, callback=_ids, help="Only this location. May be repeated.")
@click.option("--user", "users", multiple=True, callback=_ids, help="Only this user. May be repeated.")
@click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), help="The last day on which it holds, at the site.")
@on_a_database
def create(
    name: str,
    role: Role,
    locations: tuple[str, ...],
    users: tuple[str, ...],
    expires: datetime | None,
    data_dir: Path | None,
) -> None:
    if expires is not None and expires.date() < datetime.now(UTC).date():
        raise click.BadParameter("This day is over.", param_hint="--expires")
    with database(data_dir) as (_, dsn):
        made = run(tokens.create(dsn, name, Role(role), users, locations, expires and expires.date()))
    click.echo(made.token)
    until = f" until {made.expires_at:%Y-%m-%d %H:%M} UTC" if made.expires_at else ""
    say(f"This token holds{until}, and is shown once. Send it as the header Authorization: Bearer TOKEN.")


@token.command("list", help="List the tokens, those that hold no more too.")
@json_option
@on_a_database
def list_(data_dir: Path | None, as_json: bool) -> None:
    with database(data_dir, create=False) as (_, dsn):
        found = run(tokens.listed(dsn))
    if as_json:
        say_json(found)
        return
    click.echo(f"{'created (UTC)':<16}  {'role':<6}  {'state':<24}  name")
    for one in found:
        click.echo(
            f"{one['created_at']:%Y-%m-%d %H:%M}  {one['role']:<6}  {_state(one):<24}  {one['name']}{_only(one)}"
        )


def _state(one: dict[str, Any]) -> str:
    if one["revoked_at"]:
        return f"revoked {one['revoked_at']:%Y-%m-%d %H:%M}"
    if one["expires_at"] is None:
        return "holds"
    word = "expired" if one["expires_at"] <= datetime.now(UTC) else "until"
    return f"{word} {one['expires_at']:%Y-%m-%d %H:%M}"


def _only(one: dict[str, Any]) -> str:
    """Says what it is restricted to."""
    kinds = (("locations", one["location_id"]), ("users", one["user_id"]))
    return "".join(f"  ({kind} {', '.join(ids)})" for kind, ids in kinds if ids is not None)


@token.command(help="Revoke the token of a NAME: within a second no request with it is answered.")
@click.argument("name")
@on_a_database
def revoke(name: str, data_dir: Path | None) -> None:
    with database(data_dir, create=False) as (_, dsn):
        run(tokens.revoke(dsn, name))
    click.echo(f"Token {name} is revoked.")
