from openapi_spec_validator import OpenAPIV31SpecValidator

from evload.api.contract.endpoints import ENDPOINTS
from evload.api.contract.openapi import document
from evload.measures import MEASURES


def test_the_document_is_valid_openapi_3_1() -> None:
    assert document()["openapi"].startswith("3.1")
    assert not list(OpenAPIV31SpecValidator(document()).iter_errors())


def test_every_endpoint_is_documented_with_its_parameters() -> None:
    paths = document()["paths"]
    assert set(paths) == {"/"} | {endpoint.path for endpoint in ENDPOINTS}
    for endpoint in ENDPOINTS:
        named = {parameter["name"] for parameter in paths[endpoint.path]["get"]["parameters"]}
        assert named == set(endpoint.params.model_fields)
        assert "422" in paths[endpoint.path]["get"]["responses"]


def test_optional_dates_do_not_show_a_null_default() -> None:
    parameters = document()["paths"]["/kpi/total-energy"]["get"]["parameters"]
    by_name = {parameter["name"]: parameter for parameter in parameters}
    assert "default" not in by_name["start_date"]["schema"]
    assert by_name["measure"]["schema"] == {"type": "string", "enum": [measure.name for measure in MEASURES]}
