"""What a request may see: the scope that its token gives, and how it narrows what is asked."""

from enum import Enum, auto
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from evload.api.errors import Forbidden

if TYPE_CHECKING:
    from evload.api.contract.params import Params

COOKIE = "evload_token"
P = TypeVar("P", bound="Params")
Ids = tuple[str, ...] | None

NO_USERS = "This token is for sums over users, and not for users or their rows."
NOT_YOURS = "This token is not for that {}."


class Shows(Enum):
    """What the answer of an endpoint shows, and so whom it may be shown to."""

    SUMS = auto()
    """Sums and counts over users, for every scope."""
    SITE = auto()
    """What the site has, of which nothing is a sum over users, for every scope."""
    USERS = auto()
    """Users by their ids, or their rows, for those scopes alone that see users."""


class Scope:
    """Equal to itself alone, as it is hashed for each answer from memory: `scope_of` makes each one once."""

    __slots__ = ("is_open", "location_id", "sees_users", "user_id")

    def __init__(self, *, sees_users: bool, user_id: Ids, location_id: Ids, is_open: bool = False) -> None:
        self.sees_users = sees_users
        self.user_id = user_id
        self.location_id = location_id
        self.is_open = is_open
        """Whether nobody is asked for a token."""

    def check(self, shows: Shows) -> None:
        """Raises Forbidden for an endpoint that this scope has no answer of."""
        if shows is Shows.USERS and not self.sees_users:
            raise Forbidden(NO_USERS)

    def narrowed(self, params: P, shows: Shows) -> P:
        """Returns the parameters as if the scope's own users and locations were asked for. Raises Forbidden.

        It looks at no data, so that nobody learns from it who exists.
        """
        if not self.sees_users and (params.shows_users or params.members.user_id):
            raise Forbidden(NO_USERS)
        own = {"user_id": self.user_id, "location_id": self.location_id}
        if shows is Shows.SITE:
            own = {name: ids for name, ids in own.items() if name in type(params).model_fields}
        changes = {name: ids for name, ids in own.items() if _is_added(name, ids, getattr(params, name))}
        return params.model_copy(update=changes) if changes else params


def _is_added(name: str, own: Ids, asked: str | Ids) -> bool:
    """Whether the scope's own ids take the place of none that were asked for. Raises Forbidden for others."""
    if own is None:
        return False
    wanted = {asked} if isinstance(asked, str) else set(asked or own)
    if not own or not wanted <= set(own):
        raise Forbidden(NOT_YOURS.format(name))
    return asked is None


@cache
def scope_of(*, sees_users: bool, user_id: Ids, location_id: Ids) -> Scope:
    return Scope(sees_users=sees_users, user_id=user_id, location_id=location_id)


EVERYTHING = Scope(sees_users=True, user_id=None, location_id=None, is_open=True)
"""Where nobody is asked for a token."""
