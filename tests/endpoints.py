"""The endpoints that tests ask, out of the table that evload serves: a new line there is tested here without a word."""

from evload.api.contract.endpoints import ENDPOINTS, Endpoint
from evload.api.contract.params import Range

USER = "A-1"
"""A user of `tests.files.SMALL_FILE`."""


def asked(endpoint: Endpoint) -> str:
    """The path with a user in its place."""
    return endpoint.path.format(user_id=USER)


def parameters(endpoint: Endpoint) -> set[str]:
    """The query's, without those that stand in the path."""
    return set(endpoint.query_parameters)


def taking(parameter: str) -> tuple[str, ...]:
    """The paths of the endpoints that have the parameter."""
    return tuple(asked(endpoint) for endpoint in ENDPOINTS if parameter in parameters(endpoint))


EVERY_PATH = tuple(map(asked, ENDPOINTS))
WITH_A_RANGE = tuple(asked(endpoint) for endpoint in ENDPOINTS if issubclass(endpoint.params, Range))
AGGREGATES = taking("measure")
AGGREGATES_OF_A_RANGE = tuple(path for path in AGGREGATES if path in WITH_A_RANGE)
