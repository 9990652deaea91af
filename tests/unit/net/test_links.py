import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.hostile.links import LINKS, SAYS, TrickyLink
from bot.errors import RefusedURLError
from bot.net.addresses import is_public
from bot.net.links import WEB_PORTS, checked

# What is refused of these is refused once their names are looked up, and not by their form.
LOOKED_UP = [case for case in LINKS if case.verdict == "opens" or case.resolves_to]
REFUSED = [case for case in LINKS if case.verdict != "opens" and not case.resolves_to]


@pytest.mark.parametrize("case", LOOKED_UP, ids=lambda case: case.trick)
def test_links_that_are_worth_a_look(case: TrickyLink) -> None:
    url = checked(case.link, allow_address=is_public, allowed_ports=WEB_PORTS)
    assert url.scheme in ("http", "https")
    assert url.raw_host


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.trick)
def test_links_that_are_not(case: TrickyLink) -> None:
    with pytest.raises(RefusedURLError) as caught:
        checked(case.link, allow_address=is_public, allowed_ports=WEB_PORTS)
    assert SAYS[case.verdict] in caught.value.sentence


@given(st.text(), st.sampled_from(["", "http://", "https://", "http://[", "http://1.2."]))
def test_anything_else_is_refused_and_nothing_raises_otherwise(text: str, start: str) -> None:
    try:
        url = checked(start + text, allow_address=is_public, allowed_ports=WEB_PORTS)
    except RefusedURLError:
        return
    # What was judged is what is opened: judging it again changes nothing.
    assert checked(str(url), allow_address=is_public, allowed_ports=WEB_PORTS) == url
