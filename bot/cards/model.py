"""What is known of an article and of a file: immutable values, of texts that a wiki wrote.

Nothing in them is markup, and every address begins with ``https://`` or ``http://``; otherwise
they are whatever somebody wrote into a wiki.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Degrees north of the equator and east of Greenwich."""

    latitude: float
    longitude: float

    @property
    def degrees(self) -> str:
        """As people write it: ``27.988° N, 86.925° E``."""
        north = "N" if self.latitude >= 0 else "S"
        east = "E" if self.longitude >= 0 else "W"
        return f"{abs(self.latitude):.3f}° {north}, {abs(self.longitude):.3f}° {east}"

    @property
    def map_url(self) -> str:
        """Where OpenStreetMap shows it."""
        pin = f"mlat={self.latitude}&mlon={self.longitude}"
        return f"https://www.openstreetmap.org/?{pin}#map=12/{self.latitude}/{self.longitude}"


@dataclass(frozen=True, slots=True)
class Translation:
    """The same article in another language: its code, the language's own name, and where it is."""

    language: str
    name: str
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Article:
    """A page of a wiki.

    ``extract`` is the beginning of its text, ``thumbnail`` the address of its lead picture, at most
    330 pixels wide, ``item`` its number in Wikidata, such as ``Q513``.  ``shows_file`` says whether
    the picture is still used on it, ``None`` where the picture's name is not known.
    ``translations`` are those of the first article of a card alone.
    """

    title: str
    url: str | None = None
    description: str | None = None
    extract: str | None = None
    thumbnail: str | None = None
    place: Place | None = None
    item: str | None = None
    shows_file: bool | None = None
    translations: tuple[Translation, ...] = ()


@dataclass(frozen=True, slots=True)
class Credit:
    """Who made a file and on which terms it may be used; ``page`` is the wiki's about it.

    ``thumbnail`` is the address of the file itself, at most 330 pixels wide.
    """

    file: str
    page: str | None = None
    author: str | None = None
    licence: str | None = None
    licence_url: str | None = None
    thumbnail: str | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """What there is to tell of a match.

    ``articles`` are in the order of its pages, without those that the wiki does not have any more.
    """

    articles: tuple[Article, ...]
    credit: Credit | None = None

    def of(self, title: str) -> Article | None:
        """The article of a page, by its title with underscores or spaces."""
        wanted = title.replace("_", " ")
        return next((one for one in self.articles if one.title == wanted), None)
