"""A query's header, the database and the answer model must say the same."""

from collections.abc import AsyncIterator
from datetime import date, datetime
from typing import get_args, get_origin

import asyncpg
import pytest

from evload.api.contract import models
from evload.api.contract.endpoints import ENDPOINTS, Endpoint, Form
from evload.api.contract.grid import BilledDemandRange, HeadroomRange
from evload.api.contract.media_types import MEDIA_TYPES, MediaType
from evload.api.contract.params import Params, Times
from evload.queries import query, query_names, served, sourced
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
}
FORMS = [
    pytest.param(endpoint, form, id=f"{endpoint.path} {form.name}") for endpoint in ENDPOINTS for form in endpoint.forms
]
READ_BY_THE_MODEL: dict[type[Params], set[str]] = {
    HeadroomRange: {"limit_kw", "limit_kva", "power_factor"},
    BilledDemandRange: {"rule"},
}
AROUND_QUERIES = ("envelope/", "source/")
SOURCES = sorted(name.removeprefix("source/") for name in query_names() if name.startswith("source/"))
ONE_STATEMENT = [
    (name, source)
    for name in query_names()
    if ";\n" not in query(name).text and not name.startswith(AROUND_QUERIES)
    for source in (SOURCES if query(name).reads_source else ["none"])
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
    prepared = await connection.prepare(sourced(name, source))
    assert [kind.name for kind in prepared.get_parameters()] == [kind for _, kind in query(name).params]
    columns = [(column.name, column.type.name) for column in prepared.get_attributes()]
    assert columns == list(query(name).columns)


@pytest.mark.parametrize("media_type", MEDIA_TYPES, ids=lambda media_type: media_type.content_type)
@pytest.mark.parametrize("times", Times)
@pytest.mark.parametrize(("endpoint", "form"), FORMS)
async def test_envelopes_keep_the_parameters_of_their_query(
    connection: asyncpg.Connection, endpoint: Endpoint, form: Form, times: Times, media_type: MediaType
) -> None:
    if (envelope := media_type.envelopes.get(endpoint.shape)) is None:
        return
    prepared = await connection.prepare(served(form.query, envelope, times=times))
    assert [kind.name for kind in prepared.get_parameters()] == [kind for _, kind in query(form.query).params]
    columns = [(column.name, column.type.name) for column in prepared.get_attributes()]
    assert columns == list(query(f"envelope/{envelope}").columns)


@pytest.mark.parametrize(("endpoint", "form"), FORMS)
def test_the_answer_model_has_the_columns_of_its_query(endpoint: Endpoint, form: Form) -> None:
    columns = query(form.query).columns
    if not issubclass(form.answer, models.Model):
        assert [PYTHON_TYPES[kind] for _, kind in columns] == [form.answer]
        return
    fields = form.answer.model_fields
    assert [field.alias or name for name, field in fields.items()] == [name for name, _ in columns]
    for field, (_, kind) in zip(fields.values(), columns, strict=True):
        expected = PYTHON_TYPES[kind]
        assert expected in (field.annotation, get_origin(field.annotation), *get_args(field.annotation))


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.path)
def test_the_parameter_model_has_the_parameters_of_its_queries(endpoint: Endpoint) -> None:
    """Others are read by the model itself, which says what they come to."""
    gives_times = any(kind == "timestamptz" for form in endpoint.forms for _, kind in query(form.query).columns)
    taken = {"times"} if gives_times else set()
    taken |= {name for form in endpoint.forms for name in query(form.query).param_names}
    assert all(hasattr(endpoint.params, name) or name in endpoint.params.model_fields for name in taken)
    assert set(endpoint.params.model_fields) - taken == READ_BY_THE_MODEL.get(endpoint.params, set())
