"""Everything that can go wrong, in one tree.

::

    WhereisError
    ├── ConfigurationError          a setting or an argument is wrong        exit 2
    ├── DisconnectedError           Discord does not let the bot stay        exit 1
    ├── FetchError                  a link could not be downloaded
    │   ├── RefusedURLError         it points where we never go
    │   ├── DownloadTooLargeError   it is larger than the limit
    │   └── DownloadFailedError     it did not answer, or not with a file
    ├── DatabaseError
    │   ├── DatabaseUnavailableError  no connection, or it went away         exit 3
    │   │   ├── LoginRefusedError     it lets nobody in by that name: waiting does not help
    │   │   ├── DatabaseBusyError     it takes too long, or has no connection left
    │   │   ├── ReadOnlyError         it can be read, and not written
    │   │   └── UncertainWriteError   it went away while it stored something
    │   └── SchemaError             the schema is not one we can work with   exit 3
    ├── BusyError                   there is too much to do; it can be asked again
    │   └── RestartingError         the program is about to stop
    └── RequestError                what a person asked for can't be done
        ├── NotFoundError           there is no such picture or collection
        ├── NotAllowedError         they may not do that
        └── PictureRefusedError     the picture can't be added

Each exception's text is the sentence its user reads: what happened, and what to do.  That of a
:class:`DatabaseError` is for the operator and may name machines; everybody else reads its
``public`` sentence.  A picture that can't be read is no exception but a value,
:class:`bot.images.Unreadable`.
"""


class WhereisError(Exception):
    """Base of all errors that this program raises on purpose.

    ``exit_status`` is what the command line returns for it.
    """

    exit_status = 1

    @property
    def sentence(self) -> str:
        """What its user reads."""
        return str(self)


class ConfigurationError(WhereisError):
    """A setting or an argument is wrong."""

    exit_status = 2


class DisconnectedError(WhereisError):
    """Discord does not let the bot stay connected."""


class FetchError(WhereisError):
    """A link could not be downloaded."""


class RefusedURLError(FetchError):
    """The link points where this program never goes: not http(s), or not a public address."""


class DownloadTooLargeError(FetchError):
    """The file behind the link is larger than the limit."""


class DownloadFailedError(FetchError):
    """The link did not answer in time, or not with a file."""


class DatabaseError(WhereisError):
    """The database could not do what was asked.

    ``public`` is what members and visitors read.
    """

    exit_status = 3
    public = "The index is resting, try again in a moment."


class DatabaseUnavailableError(DatabaseError):
    """There is no connection to the database, or it went away."""


class LoginRefusedError(DatabaseUnavailableError):
    """The server does not let us in, or has no such database."""


class DatabaseBusyError(DatabaseUnavailableError):
    """The database takes too long, or has no connection left for us."""


class ReadOnlyError(DatabaseUnavailableError):
    """The database can be read and not written."""

    public = (
        "Pictures can be searched but nothing can be added or changed right now. Try again in a "
        "while."
    )


class UncertainWriteError(DatabaseUnavailableError):
    """The connection was lost while the database stored something: it is there or it isn't."""

    public = (
        "The index went away while it was storing that, so it may be stored or not. When it is "
        "back, look at what is there (the history of pictures shows every step) before you do it "
        "again."
    )


class SchemaError(DatabaseError):
    """The schema in the database is newer than this program, or is not ours."""


class BusyError(WhereisError):
    """There is too much to do at the moment; the same can be asked again later."""


class RestartingError(BusyError):
    """The program is about to stop, and begins nothing any more."""

    def __init__(self, sentence: str = "I am about to restart. Ask again in a minute.") -> None:
        super().__init__(sentence)


class RequestError(WhereisError):
    """What a person asked for can't be done."""


class NotFoundError(RequestError):
    """There is no such picture, page or collection that they may see."""


class NotAllowedError(RequestError):
    """They may not do that."""


class PictureRefusedError(RequestError):
    """The picture can't be added."""
