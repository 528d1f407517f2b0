"""The OpenAPI 3.1 document, made from the table of endpoints and the models."""

from importlib.metadata import version
from typing import Any

from pydantic.json_schema import models_json_schema

from evload.api.contract.endpoints import ENDPOINTS, Endpoint
from evload.api.contract.media_types import JSON, MEDIA_TYPES
from evload.api.contract.models import BadParameters, Model, Problem
from evload.queries import query

Json = dict[str, Any]
REF = "#/components/schemas/{model}"


def _answers() -> list[type[Model]]:
    answers = dict.fromkeys(form.answer for endpoint in ENDPOINTS for form in endpoint.forms)
    return [answer for answer in answers if issubclass(answer, Model)]


MODELS: list[type[Model]] = [Problem, BadParameters, *_answers()]

DESCRIPTION = """Energy and utilisation KPIs of hourly EV charging loads.

Times are on the site's clock, without an offset. Ranges are inclusive at both ends and may cut a day: then only its
hours inside count. Energies are kWh. KPIs are rounded to 2 decimals, loads are given to 3. A parameter that is
not listed, or that is given twice, is refused with 422. An empty value counts as not given, and names that begin with
`_` are ignored."""


def _ref(model: type[Model]) -> Json:
    return {"$ref": REF.format(model=model.__name__)}


def _body(description: str, schema: Json) -> Json:
    return {"description": description, "content": {JSON.content_type: {"schema": schema}}}


def _parameters(endpoint: Endpoint) -> list[Json]:
    model = endpoint.params.model_json_schema()
    return [_parameter(name, dict(schema), model, endpoint) for name, schema in model.get("properties", {}).items()]


def _parameter(name: str, schema: Json, model: Json, endpoint: Endpoint) -> Json:
    in_path = f"{{{name}}}" in endpoint.path
    reference = schema.pop("$ref", None)
    if reference:
        schema = {**model["$defs"][reference.rpartition("/")[2]], **schema}
    alternatives = schema.get("anyOf", [])
    if alternatives and alternatives[-1] == {"type": "null"}:  # a query string holds no null
        schema = {**alternatives[0], **{key: value for key, value in schema.items() if key != "anyOf"}}
    schema.pop("title", None)
    description = schema.pop("description", None)
    if schema.get("default", ...) is None:
        del schema["default"]
    parameter: Json = {"name": name, "in": "path" if in_path else "query", "schema": schema}
    parameter["required"] = name in model.get("required", ())
    return {**parameter, "description": description} if description else parameter


def _answer_schema(endpoint: Endpoint) -> Json:
    models = dict.fromkeys(form.answer for form in endpoint.forms)
    items = [_ref(model) if issubclass(model, Model) else {"type": "string"} for model in models]
    item = {"anyOf": items} if len(items) > 1 else items[0]
    return {"type": "array", "items": item} if endpoint.is_list else item


def _answered(endpoint: Endpoint) -> Json:
    media_types = (media_type for media_type in MEDIA_TYPES if endpoint.shape in media_type.envelopes)
    schema = _answer_schema(endpoint)
    content = {media_type.content_type: {"schema": schema} for media_type in media_types}
    answered: Json = {"description": "The answer", "content": content}
    if endpoint.is_paged:
        link = {"description": "The next page, where there is one", "schema": {"type": "string"}}
        answered["headers"] = {"Link": link}
    return answered


def _responses(endpoint: Endpoint) -> Json:
    problem = _ref(Problem)
    fields = endpoint.params.model_fields
    responses = {"200": _answered(endpoint)}
    if "start_date" in fields:
        responses["400"] = _body("start_date is after end_date", problem)
    if not endpoint.may_be_empty:
        responses["404"] = _body("Nothing was observed", problem)
    responses["422"] = _body("A parameter does not parse, is not listed, or is given twice", _ref(BadParameters))
    busy = _body("Too many requests are waiting for the database, or evload is about to end", problem)
    busy["headers"] = {"Retry-After": {"description": "Seconds", "schema": {"type": "integer"}}}
    return {**responses, "500": _body("The database is away, or the query failed", problem), "503": busy}


def _operation(endpoint: Endpoint) -> Json:
    return {
        "operationId": endpoint.query.replace("/", "_"),
        "tags": [endpoint.path.split("/")[1]],
        "summary": endpoint.summary,
        "description": query(endpoint.query).sentence,
        "parameters": _parameters(endpoint),
        "responses": _responses(endpoint),
    }


def _welcome() -> Json:
    return {
        "operationId": "welcome",
        "summary": "Welcome",
        "responses": {"200": _body("A greeting", {"type": "string"})},
    }


def document() -> Json:
    _, schemas = models_json_schema([*((model, "serialization") for model in MODELS)], ref_template=REF)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "evload",
            "version": version("evload"),
            "description": DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "paths": {"/": {"get": _welcome()}, **{e.path: {"get": _operation(e)} for e in ENDPOINTS}},
        "components": {"schemas": schemas["$defs"]},
    }
