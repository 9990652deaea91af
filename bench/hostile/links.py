"""Links as a stranger writes them who wants in, each with what must become of it.

One table for whoever asks: tests of the check alone, tests of the whole way of a link, and what
measures them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["opens", "no link", "scheme", "credentials", "port", "length", "inside"]

SAYS: dict[Verdict, str] = {
    "opens": "did not answer",
    "no link": "not a web link",
    "scheme": "http:// or https://",
    "credentials": "user name or a password",
    "port": "unusual port",
    "length": "longer than",
    "inside": "private or local",
}
"""What the sentence of each verdict says; one that opens meets a network that is cut off."""

PUBLIC = "93.184.216.34"
PUBLIC_V6 = "2606:4700::1111"

_WITH_A_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_WITH_A_HOST = re.compile(r"https?://[^/?#]", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class TrickyLink:
    """A link, the trick that it plays, and the verdict on it.

    ``resolves_to`` is what a name server answers to its name; empty where nobody may be asked.
    ``then_to`` is what it answers from the second time on, and ``connects_to`` where connections
    go; ``None`` stands for all of ``resolves_to`` where the link opens, and for none elsewhere.
    """

    link: str
    trick: str
    verdict: Verdict
    resolves_to: tuple[str, ...] = ()
    then_to: tuple[str, ...] | None = None
    connects_to: tuple[str, ...] | None = None

    @property
    def contacts(self) -> set[str]:
        """The addresses that are connected to."""
        if self.connects_to is None:
            return set(self.resolves_to) if self.verdict == "opens" else set()
        return set(self.connects_to)

    @property
    def stands_alone(self) -> bool:
        """Whether a page or a redirect can name it without its being read as a relative link."""
        if _CONTROL.search(self.link) or not _WITH_A_SCHEME.match(self.link):
            return False
        return not self.link.lower().startswith("http:") or bool(_WITH_A_HOST.match(self.link))


def _group(
    trick: str, verdict: Verdict, *links: str, resolves_to: tuple[str, ...] = ()
) -> Iterable[TrickyLink]:
    return [TrickyLink(link, trick, verdict, resolves_to) for link in links]


def _names(
    trick: str,
    verdict: Verdict,
    name: str,
    *resolves_to: str,
    then_to: tuple[str, ...] | None = None,
    connects_to: tuple[str, ...] | None = None,
) -> TrickyLink:
    return TrickyLink(f"http://{name}/", trick, verdict, resolves_to, then_to, connects_to)


LINKS: tuple[TrickyLink, ...] = (
    *_group(
        "harmless",
        "opens",
        "http://example.com",
        "https://example.com/a.png",
        "  https://example.com/a.png\n",
        "HTTPS://EXAMPLE.COM/A.PNG",
        "https://example.com:443/a.png",
        "http://example.com:80/",
        "http://example.com:/a.png",
        "http://example.com:0080/a.png",
        "https://upload.wikimedia.org/wikipedia/commons/a/a9/Example_%28x%29.jpg",
        "https://cdn.discordapp.com/attachments/1/2/a.png?ex=65&is=65&hm=ab&",
        "https://bücher.example/ä.png",
        "https://例え.テスト/絵.png",
        "https://xn--bcher-kva.example/a.png",
        "https://a_b.example.com./x",
        "https://example.com/#@10.0.0.1/",
        "https://example.com#@10.0.0.1/",
        "https://example.com?@10.0.0.1/",
        "https://example.com/?u=http://10.0.0.1/",
        "https://example.com/@user/picture",
        "https://example.com/http://127.0.0.1/",
        "https://10.example.com/",
        "https://127.0.0.1.example.com/",
        "https://localhost.example.com/",
        "https://example.com/\u202egnp.exe",
        "https://example.com/..%2f..%2fetc%2fpasswd",
        "https://ＥＸＡＭＰＬＥ.com/",
        resolves_to=(PUBLIC,),
    ),
    TrickyLink("https://8.8.8.8/a.png", "harmless", "opens", (), None, ("8.8.8.8",)),
    TrickyLink(f"https://[{PUBLIC_V6}]/a.png", "harmless", "opens", (), None, (PUBLIC_V6,)),
    TrickyLink("http://[64:ff9b::808:808]/", "harmless", "opens", (), None, ("64:ff9b::808:808",)),
    *_group(
        "not a link",
        "no link",
        "http:",
        "http://",
        "http:///a.png",
        "http:example.com",
        "http:/example.com/a.png",
        "http://?a",
        "http://#a",
        "http://:80/",
    ),
    *_group(
        "scheme",
        "scheme",
        "",
        " ",
        "example.com/a.png",
        "//example.com/a.png",
        "ftp://example.com/a.png",
        "file:///etc/passwd",
        "file://localhost/etc/passwd",
        "data:image/png;base64,AAAA",
        "javascript:alert(1)",
        "gopher://example.com/_GET",
        "dict://127.0.0.1:11211/stats",
        "ldap://127.0.0.1/",
        "ws://example.com/",
        "jar:http://example.com/a.jar!/a.png",
        "view-source:http://example.com/",
        "unix:///var/run/docker.sock",
        "http+unix://%2Fvar%2Frun%2Fdocker.sock/",
        "httpx://example.com/",
        "hţţp://example.com/",
    ),
    *_group(
        "credentials",
        "credentials",
        "http://user@example.com/",
        "http://user:password@example.com/",
        "http://@example.com/",
        "http://:@example.com/",
        "http://8.8.8.8@127.0.0.1/",
        "http://example.com@127.0.0.1/",
        "http://example.com%2f@127.0.0.1/",
        "http://127.0.0.1%2f@example.com/",
        "http://user@[::1]/",
        "http://a@b@example.com/",
        "http://example.com:80@127.0.0.1:80/",
    ),
    *_group(
        "credentials in disguise",
        "no link",
        "http://user＠example.com/",
        "http://user%40example.com/",
        "http://example.com\\@127.0.0.1/",
    ),
    *_group(
        "plain address",
        "inside",
        "http://127.0.0.1/",
        "http://127.0.0.1:80/",
        "http://127.8.8.8/",
        "http://0.0.0.0/",
        "http://10.0.0.1/",
        "http://100.64.0.1/",
        "http://172.16.0.1/",
        "http://192.168.1.1/",
        "http://192.0.2.1/",
        "http://198.18.0.1/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
    ),
    *_group(
        "address in other numbers",
        "inside",
        "http://127.0.0.1./",
        "http://127.1/",
        "http://127.0.1/",
        "http://2130706433/",
        "http://017700000001/",
        "http://0177.0.0.1/",
        "http://0x7f.0.0.1/",
        "http://0x7f000001/",
        "http://0X7F.1/",
        "http://127.0.0.0x1/",
        "http://example.com;127.0.0.1/",
        "http://0x7f.0.0.0x/",
        "http://0/",
        "http://00000127.0.0.1/",
        "http://256.1.1.1/",
        "http://1.2.3.4.5/",
        "http://8.8.8/",
        "http://134744072/",
        "http://4294967296/",
        "http://18446744071562067969/",
    ),
    *_group(
        "address in other letters",
        "inside",
        "http://①②⑦.⓪.⓪.①/",
        "http://１２７.０.０.１/",
        "http://127。0。0。1/",
        "http://127．0．0．1/",
        "http://𝟏𝟐𝟕.𝟎.𝟎.𝟏/",
        "http://０ｘ７ｆ.1/",
    ),
    *_group(
        "percent-encoded host",
        "no link",
        "http://exa%6dple.com/",
        "http://%31%32%37.0.0.1.example.com/",
        "http://127.0.0.1%00.example.com/",
        "http://127.0.0.1%2f.example.com/",
        "http://127.0.0.1%23.example.com/",
        "http://localhost%2eexample.com/",
    ),
    *_group("percent-encoded host", "inside", "http://%31%32%37.0.0.1/", "http://127%2e0.0.1/"),
    *_group(
        "IPv6",
        "inside",
        "http://[::1]/",
        "http://[::]/",
        "http://[0:0:0:0:0:0:0:1]/",
        "http://[0000:0000:0000:0000:0000:0000:0000:0001]/",
        "http://[fc00::1]/",
        "http://[fd00:ec2::254]/",
        "http://[fd20:ce::254]/",
        "http://[fe80::1]/",
        "http://[fec0::1]/",
        "http://[ff02::1]/",
        "http://[2001:db8::1]/",
        "http://[100::1]/",
    ),
    *_group(
        "IPv6 zone",
        "inside",
        "http://[fe80::1%25eth0]/",
        "http://[fe80::1%eth0]/",
        f"http://[{PUBLIC_V6}%25eth0]/",
        "http://[::1%251]/",
    ),
    *_group(
        "IPv4 inside IPv6",
        "inside",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[::FFFF:10.0.0.1]/",
        "http://[0:0:0:0:0:ffff:192.168.0.1]/",
        "http://[::127.0.0.1]/",
        "http://[::ffff:0:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[64:ff9b::169.254.169.254]/",
        "http://[64:ff9b:1::a00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[2002:a9fe:a9fe::1]/",
        "http://[2001:0:4136:e378:8000:63bf:80ff:fffe]/",
        "http://[2001::1]/",
    ),
    *_group(
        "broken brackets",
        "no link",
        "http://[::1/",
        "http://::1/",
        "http://[]/",
        "http://[::1].example.com/",
        "http://127.0.0.1[::1]/",
        "http://[[::1]]/",
        "http://[127.0.0.1]/",
        "http://[localhost]/",
    ),
    *_group("broken brackets", "inside", "http://[v1.x]/", "http://[::1::]/", "http://[:::1]/"),
    *_group(
        "own machine",
        "inside",
        "http://localhost/",
        "http://LOCALHOST/",
        "http://localhost./",
        "http://localhost:80/",
        "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
        "http://localhost.localdomain/",
        "http://anything.localhost/",
        "http://anything.localhost./",
        "http://ip6-localhost/",
        "http://localhost6.localdomain6.local/",
    ),
    *_group(
        "own network",
        "inside",
        "http://router/",
        "http://printer.local/",
        "http://db.internal/",
        "http://wiki.intranet/",
        "http://wiki.corp/",
        "http://nas.home/",
        "http://nas.lan/",
        "http://nas.home.arpa/",
        "http://host.docker.internal/",
        "http://kubernetes.default.svc.cluster.local/",
        "http://postgres:80/",
        "http://com/",
        "http://com./",
    ),
    *_group(
        "metadata service",
        "inside",
        "http://169.254.169.254/latest/meta-data/",
        "http://169.254.170.2/v2/credentials",
        "http://168.63.129.16/machine",
        "http://100.100.100.200/",
        "http://192.0.0.192/",
        "http://2852039166/latest/meta-data/",
        "http://0xa9fea9fe/",
        "http://0251.0376.0251.0376/",
        "http://169.254.43518/",
        "http://[::ffff:169.254.169.254]/latest/meta-data/",
        "http://metadata.google.internal/computeMetadata/v1/",
        "http://metadata.google.internal./",
        "http://metadata/computeMetadata/v1/",
        "http://instance-data/latest/meta-data/",
        "http://instance-data.ec2.internal/",
        "http://metadata.azure.internal/",
    ),
    _names("metadata service", "inside", "metadata.tencentyun.com", "169.254.0.23"),
    _names("name that leads inside", "inside", "loopback.example", "127.0.0.1"),
    _names("name that leads inside", "inside", "127.0.0.1.nip.example", "127.0.0.1"),
    _names("name that leads inside", "inside", "zero.example", "0.0.0.0"),
    _names("name that leads inside", "inside", "private.example", "10.0.0.1", "192.168.0.1"),
    _names("name that leads inside", "inside", "metadata.example", "169.254.169.254"),
    _names("name that leads inside", "inside", "six.example", "::1"),
    _names("name that leads inside", "inside", "mapped.example", "::ffff:10.0.0.1"),
    _names("name that leads inside", "inside", "nat64.example", "64:ff9b::a00:1"),
    _names("name that leads inside", "inside", "6to4.example", "2002:a00:1::1"),
    _names("name that leads inside", "inside", "teredo.example", "2001:0:4136:e378::1"),
    _names("name that leads inside", "inside", "zone.example", "fe80::1%1"),
    _names("name that leads inside", "inside", "xn--bcher-kva.example", "10.0.0.1"),
    _names(
        "name with several addresses", "opens", "mixed.example",
        "127.0.0.1", PUBLIC, "169.254.169.254", "8.8.8.8", "::1",
        connects_to=(PUBLIC, "8.8.8.8"),
    ),
    _names(
        "name with several addresses", "opens", "mapped-and-public.example",
        "::ffff:127.0.0.1", "::ffff:8.8.8.8", connects_to=("::ffff:8.8.8.8",),
    ),
    _names("name that changes its mind", "opens", "rebind.example", PUBLIC, then_to=("127.0.0.1",)),
    _names("name that changes its mind", "inside", "back.example", "127.0.0.1", then_to=(PUBLIC,)),
    *_group(
        "port",
        "port",
        "http://example.com:22/",
        "http://example.com:0/",
        "http://example.com:8080/",
        "http://example.com:5432/",
        "http://example.com:65535/",
        "https://example.com:8443/",
        "http://8.8.8.8:6379/",
        f"http://[{PUBLIC_V6}]:25/",
    ),
    *_group(
        "port that is none",
        "no link",
        "http://example.com:99999/",
        "http://example.com:-80/",
        "http://example.com:eighty/",
        "http://example.com:80:80/",
        "http://example.com:443:22/",
    ),
    *_group(
        "characters that browsers drop",
        "no link",
        "http://exam\tple.com/",
        "http://exam\nple.com/",
        "http://example.com/\r\nHost: inside/",
        "http://example.com/\x00",
        "http://exa\x00mple.com/",
        "ht\ntp://127.0.0.1/",
        "http://exa mple.com/",
        "http://example.com/a b.png",
        "http://example.com\xa0/",
        "http://example.com/\u2028a.png",
        "http://example.com/\ud800",
        "http://example.com/\x7f",
    ),
    *_group(
        "backslash",
        "no link",
        "http:\\\\127.0.0.1\\",
        "http:/\\127.0.0.1/",
        "http://example.com\\.evil.example/",
        "http://example.com/\\127.0.0.1/",
    ),
    *_group(
        "invisible and turned letters in a host",
        "no link",
        "http://exam\u200bple.com/",
        "http://exam\u00adple.com/",
        "http://exam\u2060ple.com/",
        "http://\ufeffexample.com/",
        "http://\u202emoc.elpmaxe/",
        "http://exam\u2066ple.com/",
        "http://example.com／.evil.example/",
        "http://example.com？.evil.example/",
        "http://example.com＃.evil.example/",
        "http://127.0.0.1：80/",
        "http://℀.example/",
    ),
    *_group(
        "name that is none",
        "no link",
        "http://a..b/",
        "http://.example.com/",
        "http://-example.com/",
        "http://example.com../",
        "http://exa$mple.com/",
        "http://example.com,127.0.0.1.x/",
        "http://*.example.com/",
        "http://" + "a" * 64 + ".com/",
        "http://" + "a." * 130 + "com/",
    ),
    *_group(
        "length",
        "length",
        "http://example.com/" + "a" * 4200,
        "http://" + "a" * 4200,
        "http://example.com/?" + "%26" * 1400,
    ),
)  # fmt: skip
