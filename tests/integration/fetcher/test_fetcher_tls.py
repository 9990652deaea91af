"""Downloads over TLS, with a certificate made for the occasion."""

import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp.connector
import pytest

from bot.errors import DownloadFailedError, DownloadTooLargeError
from bot.net.allowance import OVERHEAD
from tests.loopback_site import PICTURE, Names, Site, fetch, moved, ok, site_on

NAME = "secure.example"
NAMES = Names(secure=[["127.0.0.1"]], other=[["127.0.0.1"]])


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for :data:`NAME`, and its key, in one file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [
            openssl, "req", "-x509", "-nodes", "-days", "2", "-subj", f"/CN={NAME}",
            "-addext", f"subjectAltName=DNS:{NAME}", "-newkey", "ec",
            "-pkeyopt", "ec_paramgen_curve:prime256v1", "-keyout", key, "-out", certificate,
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    both = folder / "both.pem"
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    return both


@pytest.fixture
async def secure(certificate: Path) -> AsyncIterator[Site]:
    """A server with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    async with site_on("127.0.0.1", tls=context) as running:
        yield running


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this machine trust that certificate."""
    context = ssl.create_default_context(cafile=certificate)
    monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", context)


def url(site: Site, host: str = NAME) -> str:
    return site.url("/", host).replace("http://", "https://")


@pytest.mark.usefixtures("trusted")
async def test_a_file_over_tls(secure: Site) -> None:
    data = PICTURE * 1000
    assert len(data) > 3 * OVERHEAD
    secure.answers["/"] = ok(data)
    assert (await fetch(url(secure), max_bytes=len(data), resolver=NAMES)).data == data


@pytest.mark.usefixtures("trusted")
async def test_a_redirect_from_tls_to_none(secure: Site, site: Site) -> None:
    secure.answers["/"] = moved(site.url("/a"))
    site.answers["/a"] = ok(PICTURE)
    assert (await fetch(url(secure), resolver=NAMES)).data == PICTURE


@pytest.mark.usefixtures("trusted")
async def test_too_large_over_tls(secure: Site) -> None:
    secure.answers["/"] = ok(b"\0" * 200_000).replace(b"Content-Length", b"X-Length")
    with pytest.raises(DownloadTooLargeError):
        await fetch(url(secure), resolver=NAMES)


@pytest.mark.usefixtures("trusted")
async def test_a_flood_over_tls(secure: Site) -> None:
    secure.answers["/"] = b"HTTP/1.1 100 Continue\r\n\r\n" * 40_000
    with pytest.raises(DownloadFailedError, match="did not answer"):
        await fetch(url(secure), resolver=NAMES)


@pytest.mark.usefixtures("trusted")
async def test_the_certificate_of_another_name(secure: Site) -> None:
    with pytest.raises(DownloadFailedError, match="secure connection"):
        await fetch(url(secure, "other.example"), resolver=NAMES)
    assert secure.requests == []


async def test_a_certificate_that_nobody_vouches_for(secure: Site) -> None:
    with pytest.raises(DownloadFailedError, match="secure connection"):
        await fetch(url(secure), resolver=NAMES)
    assert secure.requests == []
