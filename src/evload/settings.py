"""Every setting of evload. Only `command.py` builds one."""

import re
from decimal import Decimal
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

ROOT_PATH = r"(?!\.{1,2}(/|$))[\w.~-]+(/(?!\.{1,2}(/|$))[\w.~-]+)*"
KEY_CHARACTERS = 32
LOCAL_FRONT_ENDS = ("http://localhost:3000", "http://127.0.0.1:3000")


class Settings(BaseSettings):
    """Read from `EVLOAD_*` variables and a `.env` file in the current folder; command line options go first."""

    model_config = SettingsConfigDict(
        env_prefix="EVLOAD_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    database_url: str | None = Field(
        default=None, validation_alias=AliasChoices("EVLOAD_DATABASE_URL", "DATABASE_URL"), repr=False
    )
    data_dir: Path | None = None
    timezone: str | None = None
    site_name: str = Field(default="Charging site", max_length=80)
    cors_origins: Annotated[tuple[str, ...], NoDecode] = LOCAL_FRONT_ENDS
    pool_size: int = Field(default=8, ge=1, le=1000)
    max_waiting_requests: int = Field(default=256, ge=0)
    statement_timeout_seconds: float = Field(default=10, ge=0.001, le=86_400)
    cache_megabytes: int = Field(default=64, ge=0)
    max_age_seconds: int = Field(default=0, ge=0)
    access_log: bool = False
    log_format: Literal["text", "json"] = "text"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    root_path: str = ""
    forwarded_allow_ips: Annotated[tuple[str, ...], NoDecode] = ()
    pseudonym_key: SecretStr | None = None
    open: bool = False
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    min_users: int = Field(default=1, ge=1)
    max_share: Decimal = Field(default=Decimal(1), gt=0, le=1)
    requests_per_second: float = Field(default=0, ge=0)

    @field_validator("cors_origins", "forwarded_allow_ips", "allowed_hosts", mode="before")
    @classmethod
    def split_at_commas(cls, value: object) -> object:
        return [one.strip() for one in value.split(",") if one.strip()] if isinstance(value, str) else value

    @field_validator("log_format", "log_level", mode="before")
    @classmethod
    def in_small_letters(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("root_path")
    @classmethod
    def path_without_a_slash_at_its_end(cls, value: str) -> str:
        path = value.strip("/")
        if not path:
            return ""
        if not re.fullmatch(ROOT_PATH, path, re.ASCII):
            raise ValueError("is not a path such as /ev, of letters, digits and . _ ~ -")
        return f"/{path}"

    @field_validator("forwarded_allow_ips")
    @classmethod
    def addresses_or_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """uvicorn would take a mistyped address for the name of a socket, and trust nobody."""
        for one in value:
            if one != "*":
                ip_network(one)
        return ("*",) if "*" in value else value

    @field_validator("pseudonym_key")
    @classmethod
    def hard_to_guess(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < KEY_CHARACTERS:
            raise ValueError(f"has fewer than {KEY_CHARACTERS} characters; openssl rand -hex 32 makes a good key")
        return value

    @property
    def pseudonym_key_bytes(self) -> bytes | None:
        return None if self.pseudonym_key is None else self.pseudonym_key.get_secret_value().encode()

    @field_validator("database_url")
    @classmethod
    def plain_postgres_url(cls, value: str | None) -> str | None:
        """SQLAlchemy's `postgresql+driver://` is accepted; asyncpg reads plain `postgresql://` alone."""
        if value is None:
            return None
        scheme = urlsplit(value).scheme.partition("+")[0]
        if scheme not in ("postgres", "postgresql"):
            raise ValueError("is not a postgresql:// address")
        return "postgresql" + value[value.index("://") :]

    def opened(self) -> Self:
        return self.model_copy(update={"open": True})

    def with_database(self, dsn: str) -> Self:
        return self.model_copy(update={"database_url": dsn})
