"""The OpenAPI document is a good one, and names what is served."""

import json

from openapi_spec_validator import validate

from bot.web import WebOptions
from bot.web.openapi import openapi

DOCUMENT = openapi(WebOptions(max_bytes=3 * 1024 * 1024))


def test_it_is_valid() -> None:
    validate(DOCUMENT)
    assert json.loads(json.dumps(DOCUMENT)) == DOCUMENT


def test_it_says_the_limits_of_this_server() -> None:
    assert "3 MB at most" in DOCUMENT["paths"]["/search"]["post"]["description"]


def test_every_operation_has_a_name_and_a_summary() -> None:
    operations = [one for path in DOCUMENT["paths"].values() for one in path.values()]
    names = {one["operationId"] for one in operations}
    assert len(names) == len(operations) == 5
    assert all(one["summary"].endswith(".") for one in operations)
