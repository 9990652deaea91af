import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from bot.errors import RefusedURLError
from bot.net.addresses import is_public
from bot.net.links import checked, is_expired_discord_link

FINE = [
    "http://example.com",
    "https://example.com/a.png",
    "  https://example.com/a.png\n",
    "HTTPS://EXAMPLE.COM/A.PNG",
    "https://example.com:443/a.png",
    "http://example.com:80/",
    "https://upload.wikimedia.org/wikipedia/commons/a/a9/Example_%28x%29.jpg",
    "https://cdn.discordapp.com/attachments/1/2/a.png?ex=65&is=65&hm=ab&",
    "https://bücher.example/ä.png",
    "https://例え.テスト/絵.png",
    "https://8.8.8.8/a.png",
    "https://[2606:4700::1111]/a.png",
    "https://a_b.example.com./x",
    "https://example.com/#@10.0.0.1/",
    "https://example.com/?u=http://10.0.0.1/",
    "https://example.com/@user/picture",
    "https://10.example.com/",
]

REFUSED = [
    "",
    " ",
    "example.com/a.png",
    "//example.com/a.png",
    "http:",
    "http://",
    "http:///a.png",
    "http:example.com",
    "ftp://example.com/a.png",
    "file:///etc/passwd",
    "data:image/png;base64,AAAA",
    "javascript:alert(1)",
    "gopher://example.com/",
    "ws://example.com/",
    "unix:///var/run/docker.sock",
    "http+unix://%2Fvar%2Frun%2Fdocker.sock/",
    "http://user@example.com/",
    "http://user:password@example.com/",
    "http://@example.com/",
    "http://:@example.com/",
    "http://8.8.8.8@127.0.0.1/",
    "http://127.0.0.1/",
    "http://127.0.0.1./",
    "http://127.1/",
    "http://127.0.1/",
    "http://2130706433/",
    "http://017700000001/",
    "http://0177.0.0.1/",
    "http://0x7f.0.0.1/",
    "http://0x7f000001/",
    "http://0X7F.1/",
    "http://0/",
    "http://0.0.0.0/",
    "http://00000127.0.0.1/",
    "http://256.1.1.1/",
    "http://1.2.3.4.5/",
    "http://8.8.8/",
    "http://134744072/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[::ffff:169.254.169.254]/latest/meta-data/",
    "http://2852039166/latest/meta-data/",
    "http://100.100.100.200/",
    "http://10.0.0.1/",
    "http://192.168.1.1/",
    "http://172.16.0.1/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://[::1]/",
    "http://[::]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::127.0.0.1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[fe80::1]/",
    "http://[fe80::1%25eth0]/",
    "http://[fe80::1%eth0]/",
    "http://[fd00:ec2::254]/",
    "http://[::1/",
    "http://[v1.x]/",
    "http://①②⑦.⓪.⓪.①/",
    "http://１２７.０.０.１/",
    "http://127。0。0。1/",
    "http://%31%32%37.0.0.1/",
    "http://127.0.0.1%2f@example.com/",
    "http://127.0.0.1%00.example.com/",
    "http://exa%6dple.com/",
    "http://example.com\\@127.0.0.1/",
    "http://example.com\\.evil.example/",
    "http://exa mple.com/",
    "http://example.com/a b.png",
    "http://exam\tple.com/",
    "http://example.com/\r\nHost: inside/",
    "http://example.com/\x00",
    "http://example.com/\u2028a.png",
    "http://example.com/\ud800",
    "http://example.com:22/",
    "http://example.com:0/",
    "http://example.com:5432/",
    "http://example.com:99999/",
    "http://example.com:eighty/",
    "https://example.com:8443/",
    "http://a..b/",
    "http://.example.com/",
    "http://-example.com/",
    "http://" + "a" * 64 + ".com/",
    "http://" + "a." * 130 + "com/",
    "http://example.com/" + "a" * 5000,
]


@pytest.mark.parametrize("text", FINE)
def test_links_that_may_be_opened(text: str) -> None:
    url = checked(text, allow_address=is_public, allowed_ports={80, 443})
    assert url.scheme in ("http", "https")
    assert url.raw_host


@pytest.mark.parametrize("text", REFUSED)
def test_links_that_may_not(text: str) -> None:
    with pytest.raises(RefusedURLError) as caught:
        checked(text, allow_address=is_public, allowed_ports={80, 443})
    sentence = caught.value.sentence
    assert sentence.endswith(".")
    assert "127" not in sentence
    assert "Error" not in sentence


@given(st.text(), st.sampled_from(["", "http://", "https://", "http://[", "http://1.2."]))
def test_anything_else_is_refused_and_nothing_raises_otherwise(text: str, start: str) -> None:
    try:
        url = checked(start + text, allow_address=is_public, allowed_ports={80, 443})
    except RefusedURLError:
        return
    # What was judged is what is opened: judging it again changes nothing.
    assert checked(str(url), allow_address=is_public, allowed_ports={80, 443}) == url


@pytest.mark.parametrize(
    ("link", "expired"),
    [
        ("https://cdn.discordapp.com/attachments/1/2/a.png?ex=64&is=0&hm=0", True),
        ("https://cdn.discordapp.com/attachments/1/2/a.png?ex=65&is=0&hm=0", False),
        ("https://media.discordapp.net/attachments/1/2/a.png?ex=64", True),
        ("https://media.discordapp.net/attachments/1/2/a.png?ex=zz", True),
        ("https://cdn.discordapp.com/attachments/1/2/a.png", True),
        ("https://cdn.discordapp.com/emojis/1.png", False),
        ("https://example.com/attachments/1/2/a.png?ex=64", False),
    ],
)
def test_discord_links_run_out(link: str, expired: bool) -> None:
    assert is_expired_discord_link(URL(link), now=100) is expired
