"""Tokens of every scope there is, on a database of two locations, and what each may see by filters."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from evload import tokens
from evload.api.contract.endpoints import Endpoint
from evload.api.contract.scope import Shows
from evload.ingest.load import LoadOptions, load_file
from evload.ingest.mapping.columns import Named
from evload.ingest.mapping.model import parse_mapping
from evload.tokens import Role
from tests.endpoints import USER, with_query
from tests.session_files import MAPPING, Session, write_sessions

HERE, THERE = "garage-a", "garage-b"
OTHER = "B-1"
FIRST = datetime(2024, 3, 28, 17, 30, tzinfo=UTC)
SESSIONS = [
    Session(f"{day}-{user}", user, site, FIRST + timedelta(days=day, hours=hours), 150, 90, 1_000 * (hours + day + 3))
    for day in range(4)
    for user, site, hours in ((USER, HERE, 0), ("A-2", HERE, 1), (OTHER, THERE, 2), ("both", (HERE, THERE)[day % 2], 5))
]


class Holder(NamedTuple):
    """A token that is asked with, and the filters by which all that it may see is asked for without one."""

    role: Role
    user_id: tuple[str, ...] = ()
    location_id: tuple[str, ...] = ()

    @property
    def sees_users(self) -> bool:
        return self.role is Role.READER

    def may_ask(self, endpoint: Endpoint) -> bool:
        return self.sees_users or endpoint.shows is not Shows.USERS

    def narrowed(self, endpoint: Endpoint, path: str) -> str:
        """The address at which everybody finds what this token finds at the path."""
        filters = {"user_id": self.user_id, "location_id": self.location_id}
        for name, ids in filters.items():
            if ids and name in endpoint.query_parameters:
                path = with_query(path, f"{name}={','.join(map(quote, ids))}")
        return path


HOLDERS = {
    "public": Holder(Role.PUBLIC),
    "reader": Holder(Role.READER),
    "public at a location": Holder(Role.PUBLIC, location_id=(HERE,)),
    "reader at a location": Holder(Role.READER, location_id=(HERE,)),
    "reader of a user": Holder(Role.READER, user_id=(USER,)),
    "public of users": Holder(Role.PUBLIC, user_id=(USER, "both")),
    "reader of a user at a location": Holder(Role.READER, user_id=(USER, "both"), location_id=(HERE,)),
}


MAPPED = LoadOptions(named=Named("mine", parse_mapping(MAPPING, "mine")))


async def load_two_locations(dsn: str, folder: Path) -> None:
    await load_file(
        dsn,
        write_sessions(folder / "two.csv", *SESSIONS),
        MAPPED,
    )


async def make_tokens(dsn: str) -> dict[str, str]:
    """A token for each holder, by its name."""
    return {
        name: (await tokens.create(dsn, name, one.role, one.user_id, one.location_id, None)).token
        for name, one in HOLDERS.items()
    }


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
