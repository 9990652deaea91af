"""What every importer gives."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class SourcePicture:
    """A picture to be stored, and the page that shows it.

    ``path`` is where its bytes are, ``file`` its base name, ``title`` the page's title as
    :func:`bot.titles.canonical_title` gives it, and ``url`` the page's link where the collection's
    template does not serve.
    """

    path: Path
    file: str
    title: str
    url: str | None
