"""Servers on loopback for the fetcher to go to, or not to go to."""

from collections.abc import AsyncIterator

import pytest

from tests.loopback_site import Site, ok, site_on


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """A server that the fetcher may reach."""
    async with site_on("127.0.0.1") as running:
        yield running


@pytest.fixture
async def inside() -> AsyncIterator[Site]:
    """A server on an address that the fetcher must not reach."""
    async with site_on("127.0.0.2") as running:
        running.answers["/"] = ok(b"secret")
        yield running
