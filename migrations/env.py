"""Runs the migrations on a connection that evload hands over, on `alembic -x url=...`, or as a script with `--sql`."""

import asyncio

from alembic import context
from sqlalchemy import Connection

from evload.migrate import engine_for


def migrate(connection: Connection) -> None:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()


async def migrate_url(url: str) -> None:
    engine = engine_for(url)
    async with engine.begin() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


def write_script() -> None:
    context.configure(dialect_name="postgresql")
    with context.begin_transaction():
        context.run_migrations()


handed_over = context.config.attributes.get("connection")
if handed_over is not None:
    migrate(handed_over)
elif context.is_offline_mode():
    write_script()
else:
    asyncio.run(migrate_url(context.get_x_argument(as_dictionary=True)["url"]))
