"""Looks for a text in all that a database holds."""

import asyncpg


async def places_of(connection: asyncpg.Connection, text: str) -> list[str]:
    """Every table, view and materialized view, the catalogue's too, of which a value has the text in it."""
    relations = await connection.fetch(
        "SELECT format('%I.%I', nspname, relname) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace"
        " WHERE relkind IN ('r', 'p', 'm') OR (relkind = 'v' AND (nspname = current_schema() OR relname ~ '^pg_stats'))"
        " ORDER BY 1"
    )
    found = []
    for (name,) in relations:
        # A row as a text is all of its columns, also lists and JSON.
        if await connection.fetchval(
            f"SELECT EXISTS (SELECT FROM {name} AS one WHERE position($1 IN one::text) > 0)", text
        ):
            found.append(name)
    return found
