"""The door describes itself."""

from tests.server.api.scripts import fault


def test_the_description_is_for_those_who_are_signed_in(place):
    assert fault(place.nobody().get("/v1/openapi.json")) == (401, 401.2)
    told = place.script("analyst").get("/v1/openapi.json").get_json()
    assert told["openapi"] == "3.1.0"
    assert told["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    one = told["paths"]["/v1/projects/{project_id}/forms"]["post"]
    assert set(one["requestBody"]["content"]) >= {"application/xml", "application/vnd.ms-excel"}
    assert one["responses"]["default"] == {"$ref": "#/components/responses/DEFAULT_ERROR"}


def test_every_route_of_the_door_is_described(place):
    described = place.script("analyst").get("/v1/openapi.json").get_json()["paths"]
    rules = [rule for rule in place.app.url_map.iter_rules() if rule.endpoint.startswith("api.")]
    assert sum(len(methods) - ("parameters" in methods) for methods in described.values()) == len(rules)
