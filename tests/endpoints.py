"""The endpoints that tests ask, out of the table that evload serves: a new line there is tested here without a word."""

from evload.api.contract.endpoints import ENDPOINTS, SESSIONS, Endpoint
from evload.api.contract.exports import EXPORTS
from evload.api.contract.media_types import CSV
from evload.api.contract.params import Range

USER = "A-1"
"""A user of `tests.files.SMALL_FILE`."""
REQUIRED = {"/series": "by=month", "/grid/headroom": "limit_kw=5"}
"""Path -> what its query must hold."""


def asked(endpoint: Endpoint) -> str:
    """The path with a user in its place, and what its query must hold."""
    path = endpoint.path.format(user_id=USER)
    needed = REQUIRED.get(path.removesuffix(endpoint.media_type.suffix))
    return f"{path}?{needed}" if needed else path


def with_query(path: str, query: str) -> str:
    """Adds to a path's query, or puts it in place of the parameters that both name."""
    bare, _, before = path.partition("?")
    names = {pair.partition("=")[0] for pair in query.split("&")}
    kept = [pair for pair in before.split("&") if pair and pair.partition("=")[0] not in names]
    return f"{bare}?{'&'.join([*kept, query])}"


def parameters(endpoint: Endpoint) -> set[str]:
    """The query's, without those that stand in the path."""
    return set(endpoint.query_parameters)


def taking(parameter: str) -> tuple[str, ...]:
    """The paths of the endpoints that have the parameter."""
    return tuple(asked(endpoint) for endpoint in ENDPOINTS if parameter in parameters(endpoint))


EVERY_PATH = tuple(map(asked, ENDPOINTS))
OF_SESSIONS = frozenset(endpoint.path for endpoint in ENDPOINTS if endpoint.subject is SESSIONS)
EXPORTS_OF_SESSIONS = frozenset(export.path for export in EXPORTS if export.subject is SESSIONS)
"""404 wherever hourly files alone were loaded: `tests/integration/test_sessions_served.py` asks them."""
WITH_A_RANGE = tuple(asked(endpoint) for endpoint in ENDPOINTS if issubclass(endpoint.params, Range))
AGGREGATES = taking("measure")
AGGREGATES_OF_A_RANGE = tuple(path for path in AGGREGATES if path in WITH_A_RANGE)
EXPORTED = tuple(map(asked, EXPORTS))
CSV_EXPORTS = tuple(export for export in EXPORTS if export.media_type is CSV)
