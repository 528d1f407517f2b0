"""What the OpenAPI document says of the operations beside the data must be so."""

import json
from http import HTTPStatus
from typing import Any

import httpx2
import pytest
from openapi_schema_validator import OAS31Validator

from evload.api.contract.models import Model
from evload.api.contract.service import EVENT_STREAM, OPERATIONS, Operation
from tests.acceptance.processes import Api
from tests.conftest import api_client

NOBODY_LISTENS = "postgresql://nobody@127.0.0.1:1/nothing"


def described(document: Any, path: str, answer: httpx2.Response) -> Any:
    """What the document says of this answer's body. Fails for a status or a media type of which it says nothing."""
    said = document["paths"][path]["get"]["responses"][str(answer.status_code)]
    for name in said.get("headers", ()):
        assert name in answer.headers
    if "content" not in said:
        assert not answer.content
        return None
    return said["content"][answer.headers["content-type"].partition(";")[0]]["schema"]


def assert_fits(document: Any, schema: Any, body: Any) -> None:
    OAS31Validator({**schema, "components": document["components"]}).validate(body)


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one.path != "/events"], ids=lambda one: one.path)
def test_operations_answer_what_the_document_says(api: Api, operation: Operation) -> None:
    document, answer = api.json("/openapi.json"), api.get(operation.path)
    schema = described(document, operation.path, answer)
    is_json = answer.headers["content-type"] == "application/json"
    assert is_json == (operation.path != "/metrics")
    assert answer.status_code == HTTPStatus.OK
    assert_fits(document, schema, answer.json() if is_json else answer.text)


def test_browsers_are_sent_on_as_the_document_says(api: Api) -> None:
    document, answer = api.json("/openapi.json"), api.get("/", headers={"Accept": "text/html"})
    assert answer.status_code == HTTPStatus.TEMPORARY_REDIRECT
    assert described(document, "/", answer) is None


def test_events_are_what_the_document_says(api: Api) -> None:
    document = api.json("/openapi.json")
    with api.client.stream("GET", "/events") as stream:
        said = document["paths"]["/events"]["get"]["responses"][str(stream.status_code)]
        assert list(said["content"]) == [stream.headers["content-type"].partition(";")[0]] == [EVENT_STREAM]
        lines = stream.iter_lines()
        data = next(line.removeprefix("data: ") for line in lines if line.startswith("data: "))
    assert_fits(document, {"$ref": "#/components/schemas/DataVersionEvent"}, json.loads(data))


@pytest.mark.parametrize(("path", "status"), [("/readyz", 503), ("/events", 500), ("/kpi/summary", 500)])
async def test_without_a_database_the_answers_are_what_the_document_says(path: str, status: int) -> None:
    async with api_client(NOBODY_LISTENS) as client:
        document, answer = (await client.get("/openapi.json")).json(), await client.get(path)
    assert answer.status_code == status
    assert_fits(document, described(document, path, answer), answer.json())


def test_models_of_the_service_are_in_the_document(api: Api) -> None:
    schemas = api.json("/openapi.json")["components"]["schemas"]
    for operation in OPERATIONS:
        for said in operation.answers.values():
            if said.content is not None and issubclass(said.content, Model):
                assert schemas[said.content.__name__]["description"] == said.content.about
