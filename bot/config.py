"""Settings, read once from the environment (and ``.env``) and frozen.

Only :mod:`bot.cli` and :mod:`bot.app` read them; everything else is handed values.  Every setting
is described in ``.env.example``; a test compares the two.
"""

import os
import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.errors import ConfigurationError
from bot.shards import Shards, parse_shards

MEBIBYTE = 1024 * 1024
MIN_KEY_LENGTH = 16

# As browsers write it: no path, and the host in lower case.
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(?::[0-9]{1,5})?")


class Settings(BaseSettings):
    """The settings of one process.

    Secrets are :class:`pydantic.SecretStr`, so that no ``repr`` shows them.
    """

    model_config = SettingsConfigDict(
        env_prefix="WHEREIS_",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
    )

    # Discord
    discord_token: SecretStr | None = Field(None, validation_alias="DISCORD_TOKEN")
    prefix: str = Field("!", min_length=1, max_length=10)
    owner_ids: Annotated[frozenset[int], NoDecode] = frozenset()
    moderator_role: str | None = None
    cooldown_uses: int = Field(5, ge=1)
    cooldown_seconds: float = Field(30.0, gt=0)
    max_pictures: int = Field(5, ge=1, le=25)
    queue: int = Field(200, ge=25, le=10_000)
    shards: Annotated[Shards | None, NoDecode] = None

    # Database
    database_url: SecretStr | None = Field(None, validation_alias="DATABASE_URL")
    database_read_url: SecretStr | None = Field(None, validation_alias="DATABASE_READ_URL")
    database_wait: float = Field(60.0, ge=0)
    data_dir: Path = Path("data")
    pool_size: int = Field(8, ge=1, le=100)
    statement_timeout: float = Field(10.0, gt=0)

    # Pictures
    max_bytes: int = Field(25 * MEBIBYTE, ge=1024)
    max_pixels: int = Field(64_000_000, ge=1024)
    decode_timeout: float = Field(5.0, gt=0)
    decode_memory: int = Field(1024 * MEBIBYTE, ge=256 * MEBIBYTE)
    workers: int = Field(0, ge=0, le=256)
    fetch_timeout: float = Field(10.0, gt=0)

    # Wikis
    contact: str | None = None
    cards: bool = True

    # Search
    radius: int = Field(16, ge=0, le=64)
    radius_unverified: int = Field(4, ge=0, le=64)
    chance_exact: float = Field(2e-5, gt=0, le=1)
    chance_close: float = Field(2e-4, gt=0, le=1)
    chance_possible: float = Field(0.05, gt=0, le=1)
    chance_unverified: float = Field(0.2, gt=0, le=1)
    page_url_template: str = "https://en.wikipedia.org/wiki/{title}"

    # The page and the HTTP API
    web_with_bot: bool = False
    web_host: str = Field("127.0.0.1", min_length=1)
    web_port: int = Field(8090, ge=0, le=65535)
    web_keys: Annotated[frozenset[SecretStr], NoDecode] = frozenset()
    web_origins: Annotated[frozenset[str], NoDecode] = frozenset()
    web_proxies: int = Field(0, ge=0, le=10)
    web_burst: int = Field(10, ge=1)
    web_per_minute: float = Field(20.0, ge=0)
    web_key_per_minute: float = Field(600.0, ge=0)
    web_at_once: int = Field(16, ge=1, le=1000)
    web_upload_timeout: float = Field(30.0, gt=0)

    # Running
    health_host: str = Field("127.0.0.1", min_length=1)
    health_port: int = Field(0, ge=0, le=65535)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"

    @field_validator("owner_ids", "web_keys", "web_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return frozenset(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("shards", mode="before")
    @classmethod
    def _which_of_how_many(cls, value: object) -> object:
        return parse_shards(value) if isinstance(value, str) else value

    @field_validator("page_url_template")
    @classmethod
    def _template_has_title(cls, value: str) -> str:
        if not value.startswith(("https://", "http://")) or "{title}" not in value:
            raise ValueError("must be a web address with {title} in it")
        return value

    @field_validator("web_keys")
    @classmethod
    def _keys_are_long(cls, value: frozenset[SecretStr]) -> frozenset[SecretStr]:
        if any(len(key.get_secret_value()) < MIN_KEY_LENGTH for key in value):
            raise ValueError(f"a key has {MIN_KEY_LENGTH} characters at least")
        return value

    @field_validator("web_origins")
    @classmethod
    def _are_origins(cls, value: frozenset[str]) -> frozenset[str]:
        if any(origin != "*" and not _ORIGIN.fullmatch(origin) for origin in value):
            raise ValueError("must be web addresses without a path, such as https://example.org")
        return value

    def secrets(self) -> list[str]:
        """What must never be read by anybody: for the log, which takes it out."""
        return [
            secret.get_secret_value()
            for secret in (
                self.discord_token,
                self.database_url,
                self.database_read_url,
                *self.web_keys,
            )
            if secret is not None
        ]

    @classmethod
    def load(cls, **overrides: object) -> Self:
        """Read the environment.

        Raises :class:`ConfigurationError` naming each wrong variable, never its value.
        """
        try:
            return cls(**overrides)  # type: ignore[arg-type]
        except ValidationError as error:
            problems = "; ".join(
                f"{variable_of(str(item['loc'][0]))}: {item['msg']}" for item in error.errors()
            )
            raise ConfigurationError(
                f"These settings are wrong: {problems}. See .env.example for what each one means."
            ) from None


def clear_secrets() -> None:
    """Take the secrets out of this process's environment.

    Every process that it starts would get them, those that read strangers' pictures among them.
    """
    for field in ("discord_token", "database_url", "database_read_url", "web_keys"):
        os.environ.pop(variable_of(field), None)


def variable_of(field: str) -> str:
    """The environment variable of a settings field, by name or by alias."""
    info = Settings.model_fields.get(field)
    if info is None:
        return field
    alias = info.validation_alias
    return alias if isinstance(alias, str) else f"WHEREIS_{field.upper()}"
