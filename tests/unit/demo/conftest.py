"""The gallery, drawn once for all tests of the demo."""

import pytest

from bot.demo.gallery import Drawing, gallery
from bot.images import Fingerprint, Limits, cairo_available, fingerprint

Gallery = dict[str, tuple[Drawing, bytes]]


@pytest.fixture(scope="session")
def drawn() -> Gallery:
    """Every drawing by its slug, with its file."""
    if not cairo_available():
        pytest.skip("no cairo library here, which half of the drawings need")
    return {drawing.slug: (drawing, drawing.draw()) for drawing in gallery()}


@pytest.fixture(scope="session")
def prints(drawn: Gallery) -> dict[str, Fingerprint]:
    """The fingerprint of every drawing."""
    found = {}
    for slug, (_, data) in drawn.items():
        result = fingerprint(data, Limits())
        assert isinstance(result, Fingerprint), (slug, result)
        found[slug] = result
    return found
