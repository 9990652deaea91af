"""Servers that a test may treat badly."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.integration.extension.clusters import Cluster
from tests.integration.extension.methods import SPGIST
from tests.integration.extension.servers import Server

NewCluster = Callable[[Mapping[str, str]], Cluster]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """SP-GiST is PostgreSQL's to test: it shows here that the tests are right, on one server."""
    here = Path(__file__).parent
    spared = []
    for item in items:
        if isinstance(item, pytest.Function) and here in item.path.parents:
            params = item.callspec.params if hasattr(item, "callspec") else {}
            if (params.get("method"), params.get("server")) == (SPGIST, "system"):
                spared.append(item)
    if spared:
        config.hook.pytest_deselected(items=spared)
        items[:] = [item for item in items if item not in spared]


@pytest.fixture
def new_cluster(server: Server, short_folders: Callable[[], Path]) -> Iterator[NewCluster]:
    """Makes servers with those settings, neither created nor started; none may crash by itself."""
    made: dict[Path, Cluster] = {}

    def make(settings: Mapping[str, str]) -> Cluster:
        folder = short_folders()
        made[folder] = Cluster(server, folder, settings)
        return made[folder]

    yield make
    for cluster in made.values():
        cluster.stop("immediate")
    crashes = [line for cluster in made.values() for line in cluster.crashes()]
    for folder in made:
        shutil.rmtree(folder, ignore_errors=True)
    assert crashes == []
