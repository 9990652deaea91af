"""The page and the HTTP API: pictures in from anybody's browser or program, answers out.

``asked`` reads what is asked, within bounds; ``desk`` says who may ask how much, and asks the
search for them; ``api`` and ``page`` answer in JSON and in HTML; ``serving`` is the server around
them.
"""

from bot.web.options import WebOptions
from bot.web.serving import serve_web

__all__ = ["WebOptions", "serve_web"]
