"""What a picture of the gallery is."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture that our code draws and that an article of the English Wikipedia shows.

    ``title`` is the article's exact title with underscores for spaces, ``file`` a file name whose
    extension tells the format, ``slug`` a short ASCII name.  ``draw`` returns the bytes of the
    file; it is pure, takes no longer than a fraction of a second and draws the same each time.
    """

    slug: str
    title: str
    file: str
    draw: Callable[[], bytes]
