"""The page's own files: light, whole, and with nothing in them that is not ours."""

import re

from bot.web.page import assets
from tests.conftest import ROOT

STATIC = ROOT / "bot" / "web" / "static"

# Bytes of everything that a visitor's browser loads, uncompressed and without pictures of wikis.
WEIGHT = 60_000


def test_the_page_is_light() -> None:
    assert 5_000 < sum(file.stat().st_size for file in STATIC.iterdir()) < WEIGHT / 2


def test_every_file_is_served_or_is_the_template() -> None:
    assert {file.name for file in STATIC.iterdir()} == {"index.html", *assets()}


def test_an_address_changes_with_the_file() -> None:
    for name, asset in assets().items():
        assert re.fullmatch(rf"/static/[0-9a-f]{{16}}/{re.escape(name)}", asset.path)


def test_nothing_is_asked_of_anybody_else() -> None:
    for file in STATIC.iterdir():
        text = file.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.findall(r"(?:https?:)?//[a-z0-9-]+\.[a-z]", text), file.name


def test_nothing_needs_a_policy_that_is_less_strict() -> None:
    page = (STATIC / "index.html").read_text("utf-8")
    assert not re.search(r"\son[a-z]+=|\sstyle=|<style|javascript:", page)
    assert page.count("<script") == page.count('<script src="$script" defer></script>') == 1
    script = (STATIC / "app.js").read_text("utf-8")
    for danger in ("innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "Function(", ".write("):
        assert danger not in script
    assert ".style" not in script
