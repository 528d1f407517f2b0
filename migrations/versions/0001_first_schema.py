"""The first schema: the tables, and the views and functions over them. Its text is that of `sql/schema/`."""

from evload.migrate import run_script

revision = "0001"
down_revision = None


def upgrade() -> None:
    run_script(__file__, "up")


def downgrade() -> None:
    run_script(__file__, "down")
