"""Requests made from the OpenAPI document, good ones and bad ones: each answer is as it says."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from bot.web.openapi import openapi
from tests.visiting import OPTIONS, World, visiting

pytestmark = pytest.mark.asyncio(loop_scope="module")

EXAMPLES = 25
SERVERS = openapi(OPTIONS)["servers"]


LABELS = [
    f"{method.upper()} {path}"
    for path, methods in openapi(OPTIONS)["paths"].items()
    for method in methods
]


def operations() -> dict[str, Any]:
    """What the document offers, by method and path."""
    # It takes seconds to import, and every process of a run reads this file.
    import schemathesis
    from schemathesis.config import SchemathesisConfig

    refusals = {"expected-statuses": [*range(400, 430)]}
    config = SchemathesisConfig.from_dict({"checks": {"negative_data_rejection": refusals}})
    schema: Any = schemathesis.openapi.from_dict(openapi(OPTIONS), config=config)
    found = [result.ok() for result in schema.get_all_operations()]
    return {operation.label: operation for operation in found}


def ask(operation: Any, address: str, mode: str, examples: int) -> int:
    """Ask in many ways; how many."""
    from schemathesis import GenerationMode
    from schemathesis.specs.openapi import checks

    asked = 0

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=GenerationMode(mode)))
    def check(case: Any) -> None:
        nonlocal asked
        asked += 1
        # A link may be well-formed and lead nowhere, and a number have too many bits.
        excluded = [checks.positive_data_acceptance] if operation.path == "/search" else []
        # In a form every field is a text, and any text the bytes of a file.
        if case.media_type == "multipart/form-data":
            excluded.append(checks.negative_data_rejection)
        base = address.rstrip("/") + operation.definition.raw.get("servers", SERVERS)[0]["url"]
        case.call_and_validate(base_url=base.rstrip("/"), excluded_checks=excluded)

    check()
    return asked


@pytest.mark.parametrize("mode", ["positive", "negative"])
@pytest.mark.parametrize("label", LABELS)
async def test_every_answer_is_as_described(
    world: World, label: str, mode: str, thorough: bool
) -> None:
    offered = operations()
    assert sorted(offered) == sorted(LABELS)
    examples = EXAMPLES * 20 if thorough else EXAMPLES
    async with visiting(world) as visitor:
        assert await asyncio.to_thread(ask, offered[label], visitor.address, mode, examples) > 5
