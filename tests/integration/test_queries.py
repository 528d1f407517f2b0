"""A query's header, the database and the answer model must say the same."""

import re
from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from typing import Any, get_args, get_origin

import asyncpg
import pytest

from evload.api.contract import models
from evload.api.contract.endpoints import ENDPOINTS, Endpoint
from evload.api.contract.exports import EXPORTS, CsvOptions
from evload.api.contract.forms import Form
from evload.api.contract.grid import BilledDemandRange, HeadroomRange
from evload.api.contract.media_types import JSON
from evload.api.contract.params import Params, Times
from evload.api.contract.series import SeriesRange
from evload.api.contract.sessions import SessionsPage
from evload.queries import query, query_names, served, sourced, with_columns
from tests.conftest import Databases

PYTHON_TYPES = {
    "text": str,
    "int4": int,
    "int8": int,
    "float8": float,
    "numeric": float,
    "date": date,
    "timestamp": datetime,
    "timestamptz": datetime,
    "bool": bool,
    "json": list,
    "text[]": list,
}
FORMS = [
    pytest.param(endpoint, form, id=f"{endpoint.path} {form.name}") for endpoint in ENDPOINTS for form in endpoint.forms
]
READ_BY_THE_MODEL: dict[type[Params], set[str]] = {
    SessionsPage: {"after"},
    HeadroomRange: {"limit_kw", "limit_kva", "power_factor"},
    BilledDemandRange: {"rule"},
    SeriesRange: {"split", "compare"},
}
AROUND_QUERIES = ("envelope/", "source/", "series/around/")
MEMBERS_OF_SPLIT = ("each_user", "each_location")
"""The sources of what is split."""
READ_MEMBERS = ("series/rows",)
SOURCES = sorted(
    name.removeprefix("source/")
    for name in query_names()
    if re.fullmatch(r"source/\w+", name) and not name.endswith(MEMBERS_OF_SPLIT)
)


def sources_of(name: str) -> Sequence[str]:
    if name in READ_MEMBERS:
        return MEMBERS_OF_SPLIT
    return SOURCES if query(name).reads_source else ["none"]


def sources_of_form(form: Form) -> Sequence[str]:
    return MEMBERS_OF_SPLIT if form.inside else sources_of(form.query)


ONE_STATEMENT = [
    (name, source)
    for name in query_names()
    if ";\n" not in query(name).text and not name.startswith(AROUND_QUERIES)
    for source in sources_of(name)
]
SEVERAL_STATEMENTS = [name for name in query_names() if ";\n" in query(name).text]


@pytest.fixture(scope="module")
async def connection(databases: Databases, template: str) -> AsyncIterator[asyncpg.Connection]:
    """One for all, as queries are prepared alone."""
    dsn = await databases.create(template)
    made = await asyncpg.connect(dsn)
    await made.execute(query("ingest/temporary_tables").text.replace("ON COMMIT DROP", ""))
    yield made
    await made.close()
    await databases.drop(dsn)


def test_every_file_is_found_and_opens_with_a_sentence() -> None:
    assert len(query_names()) > len(ENDPOINTS)
    for name in query_names():
        sentence = query(name).sentence
        assert sentence[0].isupper(), name
        assert sentence.endswith("."), name


@pytest.mark.parametrize("name", SEVERAL_STATEMENTS)
def test_scripts_of_several_statements_take_and_give_nothing(name: str) -> None:
    assert (query(name).params, query(name).columns) == ((), ())


@pytest.mark.parametrize(("name", "source"), ONE_STATEMENT)
async def test_query_headers_match_the_prepared_statements(
    connection: asyncpg.Connection, name: str, source: str
) -> None:
    prepared = await connection.prepare(sourced(query(name), source))
    assert [kind.name for kind in prepared.get_parameters()] == [kind for _, kind in query(name).params]
    columns = [(column.name, column.type.name) for column in prepared.get_attributes()]
    assert columns == list(query(name).columns)


@pytest.mark.parametrize("times", Times)
@pytest.mark.parametrize(("endpoint", "form"), FORMS)
async def test_envelopes_keep_the_parameters_of_their_query(
    connection: asyncpg.Connection, endpoint: Endpoint, form: Form, times: Times
) -> None:
    envelope = JSON.envelopes[endpoint.shape]
    for source in sources_of_form(form):
        prepared = await connection.prepare(served(form.asked, envelope, source, times))
        assert [kind.name for kind in prepared.get_parameters()] == [kind for _, kind in form.asked.params]
        columns = [(column.name, column.type.name) for column in prepared.get_attributes()]
        assert columns == list(query(f"envelope/{envelope}").columns)


@pytest.mark.parametrize(("endpoint", "form"), FORMS)
async def test_the_columns_of_a_form_are_those_of_its_queries(
    connection: asyncpg.Connection, endpoint: Endpoint, form: Form
) -> None:
    for source in sources_of_form(form):
        prepared = await connection.prepare(with_columns(form.asked, source, {}))
        columns = [(column.name, column.type.name) for column in prepared.get_attributes()]
        assert columns == list(form.asked.columns)


def types_in(annotation: Any) -> list[Any]:
    """What an annotation is made of, such as `str` and None."""
    args = [one for arg in get_args(annotation) for one in types_in(arg)]
    return [annotation, get_origin(annotation), *args]


@pytest.mark.parametrize(("endpoint", "form"), FORMS)
def test_the_answer_model_has_the_columns_of_its_query(endpoint: Endpoint, form: Form) -> None:
    columns = form.asked.fields
    if not issubclass(form.answer, models.Model):
        assert [PYTHON_TYPES[kind] for _, kind in columns] == [form.answer]
        return
    fields = form.answer.model_fields
    assert [field.alias or name for name, field in fields.items()] == [name for name, _ in columns]
    for field, (_, kind) in zip(fields.values(), columns, strict=True):
        assert PYTHON_TYPES[kind] in types_in(field.annotation)


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.path)
def test_an_export_has_the_columns_of_its_endpoint(export: Endpoint) -> None:
    endpoint = next(one for one in ENDPOINTS if one.path == export.path.removesuffix(export.media_type.suffix))
    columns, expected = (dict.fromkeys(form.asked.fields for form in one.forms) for one in (export, endpoint))
    assert [*columns] == [*expected]


@pytest.mark.parametrize("endpoint", [*ENDPOINTS, *EXPORTS], ids=lambda endpoint: endpoint.path)
def test_the_parameter_model_has_the_parameters_of_its_queries(endpoint: Endpoint) -> None:
    """Others are read by the model itself, which says what they come to."""
    gives_times = any(kind == "timestamptz" for form in endpoint.forms for _, kind in form.asked.columns)
    taken = {"times"} if gives_times else set()
    taken |= {name for form in endpoint.forms for name in form.asked.param_names}
    assert all(hasattr(endpoint.params, name) or name in endpoint.params.model_fields for name in taken)
    read_by_the_model = {"decimal"} if issubclass(endpoint.params, CsvOptions) else set()
    read_by_the_model |= next(
        (found for kind, found in READ_BY_THE_MODEL.items() if issubclass(endpoint.params, kind)), set()
    )
    assert set(endpoint.params.model_fields) - taken == read_by_the_model
