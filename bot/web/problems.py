"""Why a request is not answered: a status of HTTP, a word for programs, a sentence for people."""

from collections.abc import Mapping
from math import ceil

from aiohttp import web

from bot.errors import (
    BusyError,
    DatabaseError,
    DownloadTooLargeError,
    FetchError,
    NotFoundError,
    RefusedURLError,
    RestartingError,
    WhereisError,
)

_RESTARTING = 10.0  # seconds after which the program is there again
_BUSY = 30.0  # seconds after which the line of those who wait is shorter

_CODES = {400: "bad_request", 404: "not_found", 405: "method_not_allowed"}
_SENTENCES = {
    404: "There is nothing at this address.",
    405: "This address does not take requests of that method.",
}


class ProblemError(WhereisError):
    """A request that is not answered.

    ``status`` is HTTP's, ``code`` the same word for the same thing always, ``headers`` go along.
    """

    def __init__(
        self, status: int, code: str, sentence: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})


def slower(seconds: float, sentence: str) -> ProblemError:
    """What one reads who asks too often; ``seconds`` is when to ask again."""
    return ProblemError(429, "too_many_requests", sentence, {"Retry-After": _whole(seconds)})


def busy(
    seconds: float, sentence: str = "Too much is being asked for at this moment. Try again soon."
) -> ProblemError:
    """What one reads who comes when too many others do, or when the program is about to stop."""
    return ProblemError(503, "busy", sentence, {"Retry-After": _whole(seconds)})


def bad_request(sentence: str) -> ProblemError:
    """What one reads whose request can't be understood."""
    return ProblemError(400, "bad_request", sentence)


def of_error(error: WhereisError) -> ProblemError:
    """What to say of one of this program's errors."""
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, RefusedURLError):
        return ProblemError(422, "link_refused", error.sentence)
    if isinstance(error, DownloadTooLargeError):
        return ProblemError(422, "link_too_large", error.sentence)
    if isinstance(error, FetchError):
        return ProblemError(422, "link_failed", error.sentence)
    if isinstance(error, RestartingError):
        return busy(_RESTARTING, error.sentence)
    if isinstance(error, BusyError):
        return busy(_BUSY, error.sentence)
    if isinstance(error, NotFoundError):
        return ProblemError(404, "not_found", error.sentence)
    if isinstance(error, DatabaseError):
        # What the error says is for the operator, and may name what is inside.
        return ProblemError(
            503,
            "unavailable",
            error.public,
            {"Retry-After": "5"},
        )
    return ProblemError(500, "error", "Something went wrong here.")


def of_refusal(refusal: web.HTTPException) -> ProblemError:
    """What to say of a request that the server refuses before it reaches anything of ours."""
    status = refusal.status
    return ProblemError(
        status,
        _CODES.get(status, "bad_request"),
        _SENTENCES.get(status, f"{refusal.reason}."),
        {name: refusal.headers[name] for name in ("Allow",) if name in refusal.headers},
    )


def _whole(seconds: float) -> str:
    return str(max(1, ceil(seconds)))
