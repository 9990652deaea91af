"""The one client for wikis, Wikimedia's above all.

The manners are those of https://www.mediawiki.org/wiki/API:Etiquette and of
https://wikitech.wikimedia.org/wiki/Robot_policy: API requests one after the other, two downloads
at a time, ``maxlag``, gzip, a ``User-Agent`` that says whom to reach, pauses as long as they are
asked for, and pictures only by the links that the API names.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from types import TracebackType
from typing import Self, TypeVar

from aiohttp.abc import AbstractResolver
from yarl import URL

from bot.errors import (
    ConfigurationError,
    DownloadFailedError,
    DownloadTooLargeError,
    RefusedURLError,
)
from bot.images import Unreadable
from bot.net.addresses import IPAddress, is_public
from bot.net.links import checked
from bot.net.mediawiki.agent import is_wikimedia, no_contact, user_agent
from bot.net.mediawiki.answers import (
    Answer,
    NoAnswerError,
    complaint_of,
    read_answer,
    warnings_of,
)
from bot.net.mediawiki.transport import Reply, Transport
from bot.net.mediawiki.waiting import (
    FEW,
    LAG_PAUSE,
    BrokenError,
    BusyError,
    Patience,
    TroubleError,
    in_words,
    retry_after,
    seconds_before,
)
from bot.net.preview import is_html

# What one request may name, for whoever has no special right.
MAX_TITLES = 50
MAX_LAG = 5
MAX_DOWNLOADS = 2
# MediaWiki's own limit for an answer is 8 MB.
MAX_ANSWER_BYTES = 16 * 1024 * 1024
MAX_PICTURE_BYTES = 25 * 1024 * 1024

_MAX_REDIRECTS = 3
# Some servers take no longer link; a longer query is posted.
_MAX_LINK = 2000
_WEB_PORTS = frozenset({80, 443})
# So many downloads refused in a row are no matter of single pictures.
_MAX_REFUSALS = 20
_MAX_WARNINGS = 100

_log = logging.getLogger(__name__)
_Value = TypeVar("_Value")


class UnusableWikiError(DownloadFailedError):
    """There is an answer, and asking again would give the same; ``code`` is the API's for it."""

    def __init__(self, sentence: str, code: str | None = None) -> None:
        super().__init__(sentence)
        self.code = code


def parse_api_url(text: str) -> URL:
    """The address of an API, as an operator gives it.

    Raises :class:`ConfigurationError`.
    """
    try:
        url = URL(text.strip())
        host, _ = url.host, url.port
    except ValueError:
        host = None
    if not host or url.scheme not in ("http", "https"):
        raise ConfigurationError(
            f"“{text.strip()[:200]}” is no address of an API. It looks like "
            "https://en.wikipedia.org/w/api.php; the wiki's page Special:Version names it."
        )
    if url.user is not None or url.password is not None:
        raise ConfigurationError(
            "The address of the API carries a user name or a password, and would be stored with "
            "them. Name it without."
        )
    if url.query_string or url.fragment:
        raise ConfigurationError(
            f"The address of the API ends at its path: {url.with_query(None).with_fragment(None)}."
        )
    return url


class MediaWikiClient:
    """Asks the APIs of wikis and downloads their pictures; used as an async context manager.

    ``contact`` is the e-mail address or link by which whoever runs this program is reached; without
    one, Wikimedia's hosts are not spoken to.  ``sleep`` waits some seconds.  ``allow_address``
    judges the addresses of pictures that are not on the API's own host and port, ``resolver`` looks
    names up (``None``: as the system does), ``max_lag`` is ``maxlag`` in seconds.

    Raises :class:`ConfigurationError` where ``contact`` is no contact.
    """

    def __init__(
        self,
        *,
        contact: str | None,
        patience: Patience | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        allow_address: Callable[[IPAddress], bool] = is_public,
        resolver: AbstractResolver | None = None,
        max_lag: int = MAX_LAG,
    ) -> None:
        self._may_ask_wikimedia = bool(contact and contact.strip())
        self._patience = patience or Patience()
        self._sleep = sleep
        self._allow_address = allow_address
        self._max_lag = max_lag
        self._transport = Transport(
            user_agent(contact), allow_address=allow_address, resolver=resolver
        )
        self._turn = asyncio.Lock()
        self._slots = asyncio.Semaphore(MAX_DOWNLOADS)
        # Held while a server is given a pause, so that the other download gives it one as well.
        self._gate = asyncio.Lock()
        self._moved: dict[URL, URL] = {}
        self._warned: set[str] = set()
        self._refusals = 0

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._transport.__aexit__(kind, error, traceback)

    async def query(self, api: URL, parameters: Mapping[str, str]) -> Answer:
        """What ``action=query`` answers, in ``formatversion=2``.

        ``api`` is as :func:`parse_api_url` gives it.  Requests are made one at a time, also with
        several wikis, and pauses are part of a request.

        Raises :class:`UnusableWikiError` for an answer that is an error, or none of an API, other
        :class:`DownloadFailedError` where the wiki does not answer in the end, and
        :class:`ConfigurationError` where a contact is needed.
        """
        fields = {
            "action": "query",
            "format": "json",
            "formatversion": "2",
            "maxlag": str(self._max_lag),
            **parameters,
        }
        async with self._turn:
            try:
                return await self._persist(partial(self._ask, api, fields), self._sleep)
            except TroubleError as trouble:
                raise DownloadFailedError(trouble.sentence) from None

    async def download(
        self, url: str, *, api: URL, max_bytes: int = MAX_PICTURE_BYTES
    ) -> bytes | Unreadable:
        """The bytes behind ``url``, which the API at ``api`` named; why not, for a single picture.

        Raises :class:`DownloadFailedError` where the server that has the pictures is gone, or asks
        for more pause than there is patience, and :class:`ConfigurationError` where a contact is
        needed.
        """
        async with self._slots:
            try:
                got = await self._persist(partial(self._get, url, api, max_bytes), self._pause)
            except BrokenError as trouble:
                return Unreadable("damaged", trouble.sentence)
            except TroubleError as trouble:
                raise DownloadFailedError(trouble.sentence) from None
            except DownloadTooLargeError:
                return Unreadable(
                    "too_large",
                    f"The wiki's file is larger than {max_bytes / 1024 / 1024:.3g} MB, "
                    "more than is read.",
                )
            except RefusedURLError as refused:
                return Unreadable(
                    "unknown", f"The wiki's link to it is not followed: {refused.sentence}"
                )
        self._count_refusals(got, url)
        return got

    async def _persist(
        self,
        once: Callable[[], Awaitable[_Value]],
        pause: Callable[[float], Awaitable[object]],
    ) -> _Value:
        tried = 0
        while True:
            try:
                return await once()
            except TroubleError as trouble:
                tried += 1
                tries = min(self._patience.tries, trouble.tries or self._patience.tries)
                seconds = seconds_before(tried, trouble)
                if tried >= tries or seconds > self._patience.longest:
                    raise
                _log.info("%s Trying again in %s.", trouble.sentence, in_words(seconds))
                await pause(seconds)

    async def _pause(self, seconds: float) -> None:
        async with self._gate:
            await self._sleep(seconds)

    async def _ask(self, api: URL, fields: Mapping[str, str]) -> Answer:
        for _ in range(_MAX_REDIRECTS + 1):
            address = self._moved.get(api, api)
            reply = await self._request(address, fields)
            if reply.location is None:
                return self._answer(address, reply)
            self._moved[api] = moved_to(address, reply.location)
        raise UnusableWikiError(
            f"{api} redirects more than {_MAX_REDIRECTS} times. Name the address it ends at."
        )

    async def _request(self, address: URL, fields: Mapping[str, str]) -> Reply:
        self._permit(address)
        link = address.with_query(fields)
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip"}
        form = None
        if len(str(link)) > _MAX_LINK:
            # A promise that nothing is written, so that any of the wiki's data centres may answer.
            link, form = address, fields
            headers["Promise-Non-Write-API-Action"] = "true"
        try:
            return await self._transport.exchange(
                link,
                guarded=False,
                headers=headers,
                max_bytes=MAX_ANSWER_BYTES,
                seconds=self._patience.answer,
                form=form,
            )
        except DownloadTooLargeError:
            raise UnusableWikiError(
                f"{address} answers with more than {MAX_ANSWER_BYTES // 1024 // 1024} MB, "
                "which no API does. Check the address."
            ) from None
        except RefusedURLError as refused:
            raise UnusableWikiError(refused.sentence) from None

    def _answer(self, address: URL, reply: Reply) -> Answer:
        _check_pause(address, reply)
        if reply.status >= 500:
            raise BrokenError(f"{address.host} answers with an error ({reply.status}).", tries=FEW)
        if reply.status != 200:
            raise UnusableWikiError(_SENTENCES.get(reply.status, _REFUSED).format(address, reply))
        if is_html(reply.body):
            raise UnusableWikiError(
                f"{address} answers with a web page: it is no MediaWiki API, or asks for a login. "
                "The wiki's page Special:Version names the address of its api.php."
            )
        try:
            answer = read_answer(reply.body)
        except NoAnswerError:
            raise BrokenError(
                f"{address} answers with something that is no JSON.", tries=FEW
            ) from None
        complaint = complaint_of(answer)
        if complaint is None:
            self._log_warnings(address, answer)
            return answer
        sentence = f"{address.host} answers with an error: {complaint.text} ({complaint.code})."
        if complaint.code == "maxlag":
            raise BusyError(sentence, pause=max(LAG_PAUSE, retry_after(reply.headers)))
        if complaint.code == "ratelimited":
            raise BusyError(sentence, pause=retry_after(reply.headers))
        if complaint.code.startswith("internal_api_error"):
            raise BrokenError(sentence, tries=FEW)
        raise UnusableWikiError(sentence, complaint.code)

    def _log_warnings(self, address: URL, answer: Answer) -> None:
        for text in warnings_of(answer):
            warning = f"{address.host} warns of {text}"
            if warning not in self._warned and len(self._warned) < _MAX_WARNINGS:
                self._warned.add(warning)
                _log.warning("%s", warning)

    async def _get(self, url: str, api: URL, max_bytes: int) -> bytes | Unreadable:
        async with self._gate:
            pass
        link = self._picture_link(api, url)
        for _ in range(_MAX_REDIRECTS + 1):
            self._permit(link)
            reply = await self._transport.exchange(
                link,
                guarded=not _same_place(link, api),
                headers={"Accept": "image/*, */*;q=0.5", "Accept-Encoding": "identity"},
                max_bytes=max_bytes,
                seconds=self._patience.picture,
            )
            if reply.location is None:
                return _picture(link, reply)
            link = self._picture_link(api, reply.location, base=link)
        return Unreadable("unknown", "The wiki's link to it redirects in circles.")

    def _picture_link(self, api: URL, text: str, base: URL | None = None) -> URL:
        try:
            link = (base or api).join(URL(text))
        except ValueError:
            raise RefusedURLError("It is no web link.") from None
        if link.scheme in ("http", "https") and link.user is None and _same_place(link, api):
            return link
        return checked(str(link), allow_address=self._allow_address, allowed_ports=_WEB_PORTS)

    def may_ask(self, url: URL) -> bool:
        """Whether the host of ``url`` is one that may be asked as things are."""
        return self._may_ask_wikimedia or not is_wikimedia(url.host or "")

    def _permit(self, url: URL) -> None:
        if not self.may_ask(url):
            raise no_contact(url.host or "")

    def _count_refusals(self, got: bytes | Unreadable, url: str) -> None:
        if got is not _FORBIDDEN:
            self._refusals = 0
            return
        self._refusals += 1
        if self._refusals >= _MAX_REFUSALS:
            raise DownloadFailedError(
                f"{URL(url).host} refused {self._refusals} pictures in a row (403): it does not "
                "want this program. Ask its operators."
            )


_FORBIDDEN = Unreadable("unknown", "The wiki does not give that file out (403).")
_REFUSED = "{0} does not answer that ({1.status}). Check the address."
_SENTENCES = {
    401: "{0} needs a login (401), and this program has none.",
    403: "{0} does not let this program in (403). Ask the wiki's operators.",
    404: "There is no API at {0} (404). The wiki's page Special:Version names its address.",
}


def _same_place(link: URL, api: URL) -> bool:
    return (link.host, link.port) == (api.host, api.port)


def moved_to(address: URL, location: str) -> URL:
    """Where an API is that redirects to ``location``.

    Raises :class:`UnusableWikiError` for any other host, and for a step back from https.
    """
    try:
        target = address.join(URL(location)).with_query(None).with_fragment(None)
        host = target.host
    except ValueError:
        host = None
    if host != address.host or target.scheme not in (address.scheme, "https"):
        raise UnusableWikiError(
            f"{address} redirects to another place. If that is the wiki, name its own address."
        )
    return target


def _check_pause(link: URL, reply: Reply) -> None:
    if reply.status not in (429, 503):
        return
    seconds = retry_after(reply.headers)
    asked = f" of {in_words(seconds)}" if seconds else ""
    raise BusyError(f"{link.host} asks for a pause{asked} ({reply.status}).", pause=seconds)


def _picture(link: URL, reply: Reply) -> bytes | Unreadable:
    _check_pause(link, reply)
    if reply.status >= 500:
        raise BrokenError(f"{link.host} answers with an error ({reply.status}).", tries=FEW)
    if reply.status == 403:
        return _FORBIDDEN
    if reply.status not in (200, 203):
        return Unreadable("unknown", f"The wiki has no such file ({reply.status}).")
    if not reply.body:
        return Unreadable("empty", "The wiki's file is empty.")
    return reply.body
