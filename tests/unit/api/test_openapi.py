from openapi_spec_validator import OpenAPIV31SpecValidator

from evload.api.contract.endpoints import ENDPOINTS
from evload.api.contract.exports import EXPORTS
from evload.api.contract.openapi import document
from evload.api.contract.service import OPERATIONS
from evload.measures import MEASURES


def test_the_document_is_valid_openapi_3_1() -> None:
    assert document()["openapi"].startswith("3.1")
    assert not list(OpenAPIV31SpecValidator(document()).iter_errors())


def test_every_endpoint_is_documented_with_its_parameters() -> None:
    paths = document()["paths"]
    served = (*ENDPOINTS, *EXPORTS)
    assert set(paths) == {endpoint.path for endpoint in served} | {operation.path for operation in OPERATIONS}
    for endpoint in served:
        operation = paths[endpoint.path]["get"]
        named = {parameter["name"] for parameter in operation["parameters"]}
        assert named == {*endpoint.params.model_fields, "If-None-Match"}
        assert {"200", "304", "422"} <= set(operation["responses"])


def test_operations_have_names_of_their_own() -> None:
    names = [methods["get"]["operationId"] for methods in document()["paths"].values()]
    assert len(names) == len(set(names))


def test_exports_have_their_media_type() -> None:
    for export in EXPORTS:
        content = document()["paths"][export.path]["get"]["responses"]["200"]["content"]
        assert list(content) == [export.media_type.content_type.partition(";")[0]]


def test_optional_parameters_may_be_empty_and_show_no_null() -> None:
    parameters = document()["paths"]["/kpi/total-energy"]["get"]["parameters"]
    by_name = {parameter["name"]: parameter for parameter in parameters}
    assert "default" not in by_name["start_date"]["schema"]
    assert by_name["start_date"]["allowEmptyValue"]
    assert by_name["measure"]["schema"] == {"type": "string", "enum": [measure.name for measure in MEASURES]}
