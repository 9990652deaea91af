"""The access methods that can index hashes; a test takes either as its ``method``."""

from dataclasses import dataclass

from db.extension_build import extension_sources


@dataclass(frozen=True, slots=True)
class Method:
    """An access method, and its operator class for hashes."""

    name: str
    operators: str

    def index(
        self,
        table: str = "pictures",
        name: str = "by_hash",
        *,
        on: str = "hash",
        how: str = "",
        rest: str = "",
    ) -> str:
        """A statement that makes an index; ``how`` is CONCURRENTLY, say, and ``rest`` a WHERE."""
        return (
            f"CREATE INDEX {how} {name} ON {table} USING {self.name} ({on} {self.operators}) {rest}"
        )

    @property
    def exists(self) -> bool:
        """Whether the extension's sources know of it."""
        return self is SPGIST or (extension_sources() / "sql" / "bktree--2.0--2.1.sql").is_file()


SPGIST = Method("spgist", "bktree_ops")
HAMMING = Method("hamming", "hamming_ops")
METHODS = (SPGIST, HAMMING)
