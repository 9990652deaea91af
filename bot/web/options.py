"""How the page and the HTTP API behave."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class WebOptions:
    """Where the server listens, whom it listens to, and how much each may ask.

    ``port`` 0 means any free one.  ``keys`` are the API keys, ``origins`` the web sites whose pages
    may ask in a visitor's name (``*``: any).  ``proxies`` is how many proxies of the operator's
    stand before the server, each of which adds to ``X-Forwarded-For``.  ``burst`` searches may be
    asked at once, and ``per_minute`` in the long run, by one address, ``key_per_minute`` with one
    key; 0 of them means any number.  ``at_once`` pictures are taken in and searched at a time.
    ``max_bytes`` bounds a picture, ``upload_timeout`` the seconds that sending one may take.
    """

    host: str = "127.0.0.1"
    port: int = 8090
    keys: frozenset[str] = field(default=frozenset(), repr=False)
    origins: frozenset[str] = frozenset()
    proxies: int = 0
    burst: int = 10
    per_minute: float = 20.0
    key_per_minute: float = 600.0
    at_once: int = 16
    max_bytes: int = 25 * 1024 * 1024
    upload_timeout: float = 30.0
