"""Whatever is not HTML is escaped on its way in."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.web.markup import Html, element, filled, html_of, joined


def test_elements() -> None:
    assert element("p", "a < b", None, element("br")) == "<p>a &lt; b<br></p>"
    made = element("a", "x", href='/?a="&b', class_="c", data_id="7", hidden=True, title=None)
    assert made == '<a href="/?a=&quot;&amp;b" class="c" data-id="7" hidden>x</a>'
    assert element("p", hidden=False) == "<p></p>"


@settings(deadline=None)
@given(st.text())
def test_text_stays_text_wherever_it_goes(text: str) -> None:
    for made in (
        html_of(text),
        joined(text),
        element("p", text)[3:-4],
        filled("$a", a=text),
        element("p", title=text)[10:-6],
    ):
        assert not set(made) & set("<>\"'")


def test_html_is_not_escaped_twice() -> None:
    inside = element("b", "&")
    assert filled("[$a]", a=joined(inside, inside)) == "[<b>&amp;</b><b>&amp;</b>]"
    assert isinstance(filled("$a", a="x"), Html)


def test_a_template_lacks_nothing() -> None:
    with pytest.raises(KeyError):
        filled("$a $b", a="x")
