"""Who asks: addresses as proxies tell them, and keys."""

import pytest
from aiohttp.test_utils import make_mocked_request

from bot.web.callers import UNKNOWN, Keys, address_of, key_shown


class Transport:
    """A connection from an address."""

    def __init__(self, peer: str) -> None:
        self.peer = peer

    def get_extra_info(self, name: str, default: object = None) -> object:
        return (self.peer, 1234) if name == "peername" else default


def address(peer: str, *forwarded: str, proxies: int = 0) -> str:
    headers = [("X-Forwarded-For", line) for line in forwarded]
    request = make_mocked_request("GET", "/", headers=headers, transport=Transport(peer))
    return address_of(request, proxies)


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "expected"),
    [
        ("192.0.2.1", (), 0, "192.0.2.1"),
        ("192.0.2.1", ("203.0.113.7",), 0, "192.0.2.1"),
        ("192.0.2.1", ("203.0.113.7",), 1, "203.0.113.7"),
        ("192.0.2.1", ("6.6.6.6, 203.0.113.7",), 1, "203.0.113.7"),
        ("192.0.2.1", ("6.6.6.6", "203.0.113.7"), 1, "203.0.113.7"),
        ("192.0.2.1", ("6.6.6.6, 203.0.113.7, 192.0.2.2",), 2, "203.0.113.7"),
        ("192.0.2.1", ("203.0.113.7",), 2, "192.0.2.1"),
        ("192.0.2.1", ("203.0.113.7:4711",), 1, "203.0.113.7"),
        ("192.0.2.1", ("unknown",), 1, "192.0.2.1"),
        ("192.0.2.1", ("",), 1, "192.0.2.1"),
        ("192.0.2.1", ("[2001:db8::1]:80",), 1, "2001:db8::/64"),
        ("2001:db8:1:2:3::4", (), 0, "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", (), 0, "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", (), 0, "192.0.2.1"),
        ("", (), 0, UNKNOWN),
    ],
)
def test_an_address_is_what_our_own_proxies_say(
    peer: str, forwarded: tuple[str, ...], proxies: int, expected: str
) -> None:
    assert address(peer, *forwarded, proxies=proxies) == expected


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
        ("Bearer", ""),
        ("Basic abc", None),
        ("abc", None),
        ("", None),
    ],
)
def test_a_key_is_shown_in_one_way(header: str, key: str | None) -> None:
    request = make_mocked_request("GET", "/", headers={"Authorization": header})
    assert key_shown(request) == key


def test_a_key_has_a_name_that_does_not_tell_it() -> None:
    keys = Keys(frozenset({"one-secret-key", "another-secret-key"}))
    names = {keys.named("one-secret-key"), keys.named("another-secret-key")}
    assert names == {"key 0", "key 1"}
    for wrong in ("", "one-secret-ke", "one-secret-key ", "\udcff"):
        assert keys.named(wrong) is None
    assert Keys(frozenset()).named("") is None
