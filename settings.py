"""The environment, read once into a frozen value, so that nothing else reads it."""

import base64
import binascii
import os
import re
import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import urlsplit

from cronsim import CronSim, CronSimError
from dotenv import dotenv_values

from domain.guard import MOST_WINDOW_HOURS
from store.connecting import check_url

Value = TypeVar("Value")
GuardSwitch = Literal["on", "off"]
Unmatched = Literal["ask", "create"]

KEY_BYTES = 32
CRON_FIELDS = 5
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
AES_KEY_CHARACTERS = 43
# It opens everything, and is all that a guesser needs.
LEAST_TOKEN_CHARACTERS = 32


class SettingsError(Exception):
    """The environment cannot be used: one message that names every fault."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = tuple(faults)
        lines = "\n".join(f"  - {fault}" for fault in faults)
        super().__init__(
            "The settings are not usable. Correct these in the environment or in .env "
            f"(.env.example explains each):\n{lines}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WeComSettings:
    """The suite and the addresses of the platform."""

    api_url: str
    open_url: str
    oauth_url: str
    login_url: str
    suite_id: str
    suite_secret: str = field(repr=False)
    token: str = field(repr=False)
    encoding_aes_key: str = field(repr=False)
    provider_corp_id: str
    provider_secret: str = field(repr=False)
    login_suite_id: str | None
    login_suite_secret: str | None = field(repr=False)
    corp_calls_per_minute: int
    provider_calls_per_minute: int
    corp_parallel_calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TapdSettings:
    """TAPD's addresses and our credentials there."""

    url: str
    api_url: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardDefaults:
    """When removals wait for a person; a company can override each."""

    switch: GuardSwitch
    removals: int
    share: float
    ceiling: int
    window_hours: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that a process is told from outside."""

    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    port: int
    web_port: int
    trusted_proxies: int
    public_url: str
    secret_keys: tuple[bytes, ...] = field(repr=False)
    api_token: str = field(repr=False)
    wecom: WeComSettings
    tapd: TapdSettings
    resync_cron: str
    time_zone: str
    guard: GuardDefaults
    unmatched: Unmatched
    inbox_days: int
    item_notices: str


class _Reader:
    """Reads names one by one and keeps every fault for a single message."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.faults: list[str] = []

    def required(self, name: str, parse: Callable[[str], Value], blank: Value) -> Value:
        text = self._environment.get(name, "").strip()
        if not text:
            self.faults.append(f"{name} is missing.")
            return blank
        return self._parsed(name, text, parse, blank)

    def optional(self, name: str, parse: Callable[[str], Value], blank: Value) -> Value:
        text = self._environment.get(name, "").strip()
        return self._parsed(name, text, parse, blank) if text else blank

    def given(self, name: str) -> str:
        """The text of a name that may be set to empty on purpose, but not left out."""
        if name not in self._environment:
            self.faults.append(f"{name} is missing (it may be empty, but must be set).")
        return self._environment.get(name, "").strip()

    def _parsed(
        self, name: str, text: str, parse: Callable[[str], Value], blank: Value
    ) -> Value:
        try:
            return parse(text)
        except ValueError as error:
            self.faults.append(f"{name}: {error}.")
            return blank


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process: `.env` in the working folder, then the environment.

    Raises: SettingsError, naming every missing or malformed setting at once.
    """
    if environment is None:
        file = {k: v or "" for k, v in dotenv_values(Path(".env")).items()}
        environment = {**file, **os.environ}
    read = _Reader(environment)
    settings = Settings(
        database_url=read.required("DATABASE_URL", check_url, ""),
        redis_url=read.required("REDIS_URL", _redis_url, ""),
        port=read.optional("PORT", _port, 8000),
        web_port=read.optional("WEB_PORT", _port, 8080),
        trusted_proxies=read.optional("TRUSTED_PROXIES", _natural, 0),
        public_url=read.required("PUBLIC_URL", _url, ""),
        secret_keys=read.required("SECRET_KEYS", _secret_keys, ()),
        api_token=read.required("API_TOKEN", _bearer, ""),
        wecom=_wecom(read),
        tapd=_tapd(read),
        resync_cron=read.optional("RESYNC_CRON", _cron, "0 2 * * *"),
        time_zone=read.optional("SYNC_TIME_ZONE", _time_zone, "Asia/Shanghai"),
        guard=_guard(read),
        unmatched=read.optional("UNMATCHED", _unmatched, "ask"),
        inbox_days=read.optional("INBOX_DAYS", _count, 30),
        item_notices=read.optional("ITEM_NOTICES", _switch, "on"),
    )
    if read.faults:
        raise SettingsError(read.faults)
    return settings


def _wecom(read: _Reader) -> WeComSettings:
    return WeComSettings(
        api_url=read.optional("WECOM_API_URL", _url, "https://qyapi.weixin.qq.com"),
        open_url=read.optional(
            "WECOM_OPEN_URL", _url, "https://open.work.weixin.qq.com"
        ),
        oauth_url=read.optional("WECOM_OAUTH_URL", _url, "https://open.weixin.qq.com"),
        login_url=read.optional(
            "WECOM_LOGIN_URL", _url, "https://login.work.weixin.qq.com"
        ),
        suite_id=read.required("WECOM_SUITE_ID", str, ""),
        suite_secret=read.required("WECOM_SUITE_SECRET", str, ""),
        token=read.required("WECOM_TOKEN", str, ""),
        encoding_aes_key=read.required("WECOM_ENCODING_AES_KEY", _aes_key, ""),
        provider_corp_id=read.given("WECOM_PROVIDER_CORP_ID"),
        provider_secret=read.given("WECOM_PROVIDER_SECRET"),
        login_suite_id=read.optional("WECOM_LOGIN_SUITE_ID", str, "") or None,
        login_suite_secret=read.optional("WECOM_LOGIN_SUITE_SECRET", str, "") or None,
        corp_calls_per_minute=read.optional(
            "WECOM_CORP_CALLS_PER_MINUTE", _count, 10_000
        ),
        provider_calls_per_minute=read.optional(
            "WECOM_PROVIDER_CALLS_PER_MINUTE", _count, 20_000
        ),
        corp_parallel_calls=read.optional("WECOM_CORP_PARALLEL_CALLS", _count, 8),
    )


def _tapd(read: _Reader) -> TapdSettings:
    return TapdSettings(
        url=read.optional("TAPD_URL", _url, "https://www.tapd.cn"),
        api_url=read.optional("TAPD_API_URL", _url, "https://api.tapd.cn"),
        client_id=read.given("TAPD_CLIENT_ID"),
        client_secret=read.given("TAPD_CLIENT_SECRET"),
    )


def _guard(read: _Reader) -> GuardDefaults:
    return GuardDefaults(
        switch=read.optional("GUARD", _switch, "on"),
        removals=read.optional("GUARD_REMOVALS", _natural, 20),
        share=read.optional("GUARD_SHARE", _share, 0.10),
        ceiling=read.optional("GUARD_CEILING", _natural, 500),
        window_hours=read.optional("GUARD_WINDOW_HOURS", _window, 24),
    )


def _redis_url(text: str) -> str:
    if not text.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("must look like redis://host:6379/0")
    return text


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise ValueError("must be a full address such as https://sync.example.com")
    return text.rstrip("/")


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise ValueError("must be a port, 1 to 65535")
    return int(text)


def _natural(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise ValueError("must be a whole number, 0 or more")
    return int(text)


def _count(text: str) -> int:
    if _natural(text) == 0:
        raise ValueError("must be a whole number, 1 or more")
    return int(text)


def _window(text: str) -> int:
    if _natural(text) == 0 or int(text) > MOST_WINDOW_HOURS:
        raise ValueError(f"must be a whole number, 1 to {MOST_WINDOW_HOURS}")
    return int(text)


def _share(text: str) -> float:
    share = float(text) if re.fullmatch(r"[0-9]*\.?[0-9]+", text) else -1.0
    if not 0 <= share <= 1:
        raise ValueError("must be a share between 0 and 1, such as 0.10")
    return share


def _secret_keys(text: str) -> tuple[bytes, ...]:
    return tuple(_secret_key(part.strip()) for part in text.split(","))


def _secret_key(text: str) -> bytes:
    standard = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        key = base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(
            "each key must be 32 random bytes in base64, separated by commas "
            "(openssl rand -base64 32)"
        )
    return key


def _bearer(text: str) -> str:
    if not re.fullmatch(r"[!-~]+", text):
        raise ValueError("must be printable ASCII without blanks")
    if len(text) < LEAST_TOKEN_CHARACTERS:
        raise ValueError(
            f"must have at least {LEAST_TOKEN_CHARACTERS} characters "
            "(openssl rand -base64 32)"
        )
    return text


def _aes_key(text: str) -> str:
    if not re.fullmatch(rf"[A-Za-z0-9]{{{AES_KEY_CHARACTERS}}}", text):
        raise ValueError("must be the 43 letters and digits shown by WeCom")
    return text


def _cron(text: str) -> str:
    try:
        CronSim(text, _EPOCH)
    except CronSimError as error:
        raise ValueError("must be five cron fields, such as 0 2 * * *") from error
    if len(text.split()) != CRON_FIELDS:
        raise ValueError("must be five cron fields, such as 0 2 * * *")
    return text


def _time_zone(text: str) -> str:
    try:
        zoneinfo.ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError("must be a zone name such as Asia/Shanghai") from error
    return text


def _switch(text: str) -> GuardSwitch:
    if text == "on":
        return "on"
    if text == "off":
        return "off"
    raise ValueError("must be on or off")


def _unmatched(text: str) -> Unmatched:
    if text == "ask":
        return "ask"
    if text == "create":
        return "create"
    raise ValueError("must be ask or create")
