"""Servers that a test may treat badly."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.integration.extension.clusters import Cluster
from tests.integration.extension.servers import Server

NewCluster = Callable[[Mapping[str, str]], Cluster]


@pytest.fixture
def new_cluster(server: Server, short_folders: Callable[[], Path]) -> Iterator[NewCluster]:
    """Makes servers with those settings, neither created nor started; none may crash by itself."""
    made: list[Cluster] = []

    def make(settings: Mapping[str, str]) -> Cluster:
        made.append(Cluster(server, short_folders(), settings))
        return made[-1]

    yield make
    for cluster in made:
        cluster.stop("immediate")
    assert [line for cluster in made for line in cluster.crashes()] == []
