"""How the columns of a query stand in an export: for each type, the expression that shows a column of it."""

from collections.abc import Mapping

from evload.api.contract.endpoints import Endpoint
from evload.api.contract.media_types import CSV
from evload.api.contract.params import Params, Times
from evload.queries import Typed, with_columns

# A spreadsheet takes what begins with one of these for a formula: tab, line feed, carriage return, + - = @.
ID = "CASE WHEN ascii({0}) IN (9, 10, 13, 43, 45, 61, 64) THEN '''' || {0} ELSE {0} END"
BOOL = "{0}::text"
COMMA = "replace({0}::text, '.', ',')"
TIME_OF_SPREADSHEET = "{0}::timestamp"  # with a blank, as a spreadsheet reads it
TIMES: Mapping[str, str] = {
    Times.LOCAL: "replace({0}::timestamp::text, ' ', 'T')",
    Times.OFFSET: "shown_time({0}, 'offset') #>> '{{}}'",
    Times.UTC: "shown_time({0}, 'utc') #>> '{{}}'",
}
CLOCK = "{0}::timestamp"
CLOCK_OF_UTC = "{0} AT TIME ZONE 'UTC'"


def columns(endpoint: Endpoint, params: Params) -> Typed:
    return endpoint.query_for(params).columns


def delimiter(params: Params) -> str:
    return ";" if params.has_decimal_comma else ","


def text(endpoint: Endpoint, params: Params) -> str:
    """The query of the export's rows."""
    shown = _of_csv(params) if endpoint.media_type is CSV else _of_typed_columns(params)
    return with_columns(endpoint.query_for(params), params.source, shown)


def _of_csv(params: Params) -> Mapping[str, str]:
    shown = {"text": ID, "bool": BOOL, "timestamptz": TIMES[params.shown_times]}
    if params.has_decimal_comma:
        shown["numeric"] = COMMA
        if params.shown_times == Times.LOCAL:
            shown["timestamptz"] = TIME_OF_SPREADSHEET
    return shown


def _of_typed_columns(params: Params) -> Mapping[str, str]:
    """For `columnar_writer`, which gives times their zone."""
    return {"bool": BOOL, "timestamptz": CLOCK if params.shown_times == Times.LOCAL else CLOCK_OF_UTC}
