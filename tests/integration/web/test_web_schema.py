"""Requests made from the OpenAPI document, good ones and bad ones: each answer is as it says."""

import asyncio
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from bot.web.openapi import openapi
from tests.visiting import OPTIONS, World, visiting

pytestmark = pytest.mark.asyncio(loop_scope="module")

EXAMPLES = 25
SERVERS = openapi(OPTIONS)["servers"]


def operations() -> list[Any]:
    refusals = {"expected-statuses": [*range(400, 430)]}
    config = SchemathesisConfig.from_dict({"checks": {"negative_data_rejection": refusals}})
    schema: Any = schemathesis.openapi.from_dict(openapi(OPTIONS), config=config)
    return [result.ok() for result in schema.get_all_operations()]


def ask(operation: Any, address: str, mode: GenerationMode, examples: int) -> int:
    """Ask in many ways; how many."""
    asked = 0

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        nonlocal asked
        asked += 1
        # A link may be well-formed and lead nowhere, and a number have too many bits.
        excluded = [positive_data_acceptance] if operation.path == "/search" else []
        # In a form every field is a text, and any text the bytes of a file.
        if case.media_type == "multipart/form-data":
            excluded.append(negative_data_rejection)
        base = address.rstrip("/") + operation.definition.raw.get("servers", SERVERS)[0]["url"]
        case.call_and_validate(base_url=base.rstrip("/"), excluded_checks=excluded)

    check()
    return asked


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("operation", operations(), ids=lambda one: one.label)
async def test_every_answer_is_as_described(
    world: World, operation: Any, mode: GenerationMode, thorough: bool
) -> None:
    examples = EXAMPLES * 20 if thorough else EXAMPLES
    async with visiting(world) as visitor:
        assert await asyncio.to_thread(ask, operation, visitor.address, mode, examples) > 5
