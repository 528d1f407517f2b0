"""How many users a sum must be of for those who may not see users, and how large a share one of them may have."""

from decimal import Decimal
from typing import Any, NamedTuple

from evload.api.contract.params import Params, UserSort
from evload.queries import query, served

BEYOND_RANGE = "This evload shows sums of few users to nobody who may not see users: ask without split and compare."


class Threshold(NamedTuple):
    min_users: int = 1
    max_share: Decimal = Decimal(1)

    @property
    def is_set(self) -> bool:
        return self.min_users > 1 or self.max_share < 1

    def refusal(self, params: Params, users: int, largest_share: Decimal | None) -> str | None:
        """Names the bound and not the number, which would tell more than the sum."""
        if params.asks_beyond_range:
            return BEYOND_RANGE
        if users < self.min_users:
            return f"Fewer than {self.min_users} users charged in this range. Ask for a longer one, or more locations."
        if largest_share is not None and largest_share > self.max_share:
            return f"One user has more than {100 * self.max_share:g} % of the energy in this range."
        return None


def users_in_range(params: Params) -> tuple[str, list[Any]]:
    """The query about the users that an answer is of, and its values: those that `/users/summary` lists."""
    members = params.members
    found = query("users/summary_at_locations" if members.location_id else "users/summary")
    of_range = {name: getattr(params, name, None) for name in ("measure", "start_date", "end_date")}
    values: dict[str, Any] = {**of_range, "sort": UserSort.USER, "limit": None, **members._asdict()}
    return served(found, "threshold"), [values[name] for name in found.param_names]
