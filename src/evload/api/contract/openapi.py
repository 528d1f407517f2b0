"""The OpenAPI 3.1 document, made from the tables of endpoints and operations, and from the models."""

from collections.abc import Mapping
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from pydantic.json_schema import models_json_schema

from evload.api.contract.endpoints import ENDPOINTS, Endpoint
from evload.api.contract.exports import EXPORTS
from evload.api.contract.media_types import CSV
from evload.api.contract.models import BadParameters, Model, Problem
from evload.api.contract.service import OPERATIONS, DataVersionEvent, Operation, Said
from evload.api.root_path import NO_ROOT_PATH, RootPath
from evload.queries import query

Json = dict[str, Any]
REF = "#/components/schemas/{model}"


def _models() -> list[type[Model]]:
    said = [answer.content for operation in OPERATIONS for answer in operation.answers.values()]
    answers = [form.answer for endpoint in ENDPOINTS for form in endpoint.forms]
    found = dict.fromkeys([Problem, BadParameters, DataVersionEvent, *said, *answers])
    return [model for model in found if model is not None and issubclass(model, Model)]


DESCRIPTION = """Energy and utilisation KPIs of hourly EV charging loads.

Times are on the site's clock, without an offset unless `times=offset` or `times=utc` asks for one.
Ranges are inclusive at both ends and may cut a day: then only its
hours inside count. Energies are kWh. KPIs are rounded to 2 decimals, loads are given to 3. A parameter that is
not listed, or that is given twice, is refused with 422. An empty value counts as not given, and names that begin with
`_` are ignored."""
IF_NONE_MATCH = "The `ETag` of an answer that the client has: if it is still the same, 304 comes without a body."
HELD = {
    "ETag": "Names exactly this answer. To be sent back as `If-None-Match`.",
    "X-Data-Version": "The data that the answer belongs to: it counts every change.",
}
NAMED = {"Content-Disposition": "The name of the file"}
LINK = {"Link": "The next page, where there is one"}
NOT_MODIFIED = Said("The client has this answer already", None, headers=HELD)
EMPTY_RANGE = Said("start_date is after end_date", Problem)
NOTHING = Said("Nothing was observed, or what the question names is not known", Problem)
REFUSED = Said(
    "A parameter does not parse, is not listed, is missing, contradicts another, or is given twice", BadParameters
)
NOT_LET_IN = Said("evload asks for tokens, and there is none that holds", Problem)
NOT_FOR_THIS = Said("The token is not for this", Problem)
TOO_OFTEN = Said("The token asks too often", Problem, headers={"Retry-After": "Seconds"})
FAILED = Said("The database is away, or the query failed", Problem)
BUSY = Said(
    "Too many requests are waiting for the database, or evload is about to end",
    Problem,
    headers={"Retry-After": "Seconds"},
)


def _schema(model: type[Model] | type[str]) -> Json:
    return {"$ref": REF.format(model=model.__name__)} if issubclass(model, Model) else {"type": "string"}


def _response(said: Said) -> Json:
    response: Json = {"description": said.description}
    if said.content is not None:
        response["content"] = {said.content_type: {"schema": _schema(said.content)}}
    return {**response, **_headers(said.headers)}


def _headers(headers: Mapping[str, str]) -> Json:
    described = {name: {"description": text, "schema": {"type": "string"}} for name, text in headers.items()}
    return {"headers": described} if described else {}


def _request_header(name: str, description: str) -> Json:
    return {"name": name, "in": "header", "required": False, "schema": {"type": "string"}, "description": description}


def _parameters(endpoint: Endpoint) -> list[Json]:
    model = endpoint.params.model_json_schema()
    named = [_parameter(name, dict(schema), model, endpoint) for name, schema in model.get("properties", {}).items()]
    return [*named, _request_header("If-None-Match", IF_NONE_MATCH)]


def _parameter(name: str, schema: Json, model: Json, endpoint: Endpoint) -> Json:
    in_path = f"{{{name}}}" in endpoint.path
    alternatives = schema.get("anyOf", [])
    if alternatives and alternatives[-1] == {"type": "null"}:  # a query string holds no null
        schema = {**alternatives[0], **{key: value for key, value in schema.items() if key != "anyOf"}}
    reference = schema.pop("$ref", None)
    if reference:
        schema = {**model["$defs"][reference.rpartition("/")[2]], **schema}
    schema.pop("title", None)
    description = schema.pop("description", None)
    if schema.get("default", ...) is None:
        del schema["default"]
    parameter: Json = {"name": name, "in": "path" if in_path else "query", "schema": schema}
    parameter["required"] = name in model.get("required", ())
    if not parameter["required"]:
        parameter["allowEmptyValue"] = True
    return {**parameter, "description": description} if description else parameter


def _answer_schema(endpoint: Endpoint) -> Json:
    items = [_schema(model) for model in dict.fromkeys(form.answer for form in endpoint.forms)]
    item = {"anyOf": items} if len(items) > 1 else items[0]
    return {"type": "array", "items": item} if endpoint.is_list else item


def _answered(endpoint: Endpoint) -> Json:
    if endpoint.media_type.is_export:
        return _exported(endpoint)
    content = {endpoint.media_type.content_type: {"schema": _answer_schema(endpoint)}}
    return {"description": "The answer", "content": content, **_headers(HELD | (LINK if endpoint.is_paged else {}))}


def _exported(export: Endpoint) -> Json:
    """A schema has no types for what is no text."""
    schema: Json = {"type": "string"} if export.media_type is CSV else {}
    content_type = export.media_type.content_type.partition(";")[0]
    about = "The rows of the answer as a file, any number of them"
    return {"description": about, "content": {content_type: {"schema": schema}}, **_headers(HELD | NAMED)}


def _errors(endpoint: Endpoint) -> dict[HTTPStatus, Said]:
    return {
        HTTPStatus.NOT_MODIFIED: NOT_MODIFIED,
        **({HTTPStatus.BAD_REQUEST: EMPTY_RANGE} if "start_date" in endpoint.params.model_fields else {}),
        HTTPStatus.UNAUTHORIZED: NOT_LET_IN,
        HTTPStatus.FORBIDDEN: NOT_FOR_THIS,
        HTTPStatus.NOT_FOUND: NOTHING,
        HTTPStatus.UNPROCESSABLE_ENTITY: REFUSED,
        HTTPStatus.TOO_MANY_REQUESTS: TOO_OFTEN,
        HTTPStatus.INTERNAL_SERVER_ERROR: FAILED,
        HTTPStatus.SERVICE_UNAVAILABLE: BUSY,
    }


def _responses(answers: Mapping[HTTPStatus, Said]) -> Json:
    return {str(status.value): _response(said) for status, said in answers.items()}


def _of_endpoint(endpoint: Endpoint) -> Json:
    return {
        "operationId": f"{endpoint.query}{endpoint.media_type.suffix}".replace("/", "_").replace(".", "_"),
        "tags": ["exports" if endpoint.media_type.is_export else endpoint.path.split("/")[1]],
        "summary": endpoint.summary,
        "description": query(endpoint.query).sentence,
        "parameters": _parameters(endpoint),
        "responses": {"200": _answered(endpoint), **_responses(_errors(endpoint))},
    }


def _of_service(operation: Operation) -> Json:
    return {
        "operationId": operation.path.strip("/") or "welcome",
        "tags": ["service"],
        "summary": operation.summary,
        "description": operation.description,
        "parameters": [_request_header(*header) for header in operation.request_headers.items()],
        "responses": _responses(operation.answers),
    }


def document(root_path: RootPath = NO_ROOT_PATH) -> Json:
    _, schemas = models_json_schema([*((model, "serialization") for model in _models())], ref_template=REF)
    paths = {operation.path: _of_service(operation) for operation in OPERATIONS}
    paths |= {endpoint.path: _of_endpoint(endpoint) for endpoint in (*ENDPOINTS, *EXPORTS)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "evload",
            "version": version("evload"),
            "description": DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": root_path.text or "/"}],
        "paths": {path: {"get": operation} for path, operation in paths.items()},
        "security": [{}, {"token": []}],
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
