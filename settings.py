"""The environment, read once into a frozen value, so that nothing else reads it."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from dotenv import dotenv_values

import setting_values as values
from setting_values import GuardSwitch, Unmatched
from store.connecting import check_url

Value = TypeVar("Value")


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
class AlertChannels:
    """Where alerts are told, besides the console; each may be left out."""

    urls: tuple[str, ...] = field(repr=False)
    webhook_url: str | None = field(repr=False)
    webhook_secret: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseProvider:
    """The house's own OpenID provider, by which operators sign in."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    role_claim: str


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
    alerts: AlertChannels
    house: HouseProvider | None
    traces_url: str | None


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

    def has(self, name: str) -> bool:
        """Whether a name is set to something."""
        return bool(self._environment.get(name, "").strip())

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
        redis_url=read.required("REDIS_URL", values.redis_url, ""),
        port=read.optional("PORT", values.port, 8000),
        web_port=read.optional("WEB_PORT", values.port, 8080),
        trusted_proxies=read.optional("TRUSTED_PROXIES", values.natural, 0),
        public_url=read.required("PUBLIC_URL", values.url, ""),
        secret_keys=read.required("SECRET_KEYS", values.secret_keys, ()),
        api_token=read.required("API_TOKEN", values.bearer, ""),
        wecom=_wecom(read),
        tapd=_tapd(read),
        resync_cron=read.optional("RESYNC_CRON", values.cron, "0 2 * * *"),
        time_zone=read.optional("SYNC_TIME_ZONE", values.time_zone, "Asia/Shanghai"),
        guard=_guard(read),
        unmatched=read.optional("UNMATCHED", values.unmatched, "ask"),
        inbox_days=read.optional("INBOX_DAYS", values.count, 30),
        item_notices=read.optional("ITEM_NOTICES", values.switch, "on"),
        alerts=_alerts(read),
        house=_house(read),
        traces_url=read.optional("OTEL_EXPORTER_OTLP_ENDPOINT", values.url, "") or None,
    )
    if read.faults:
        raise SettingsError(read.faults)
    return settings


def _wecom(read: _Reader) -> WeComSettings:
    return WeComSettings(
        api_url=read.optional(
            "WECOM_API_URL", values.url, "https://qyapi.weixin.qq.com"
        ),
        open_url=read.optional(
            "WECOM_OPEN_URL", values.url, "https://open.work.weixin.qq.com"
        ),
        oauth_url=read.optional(
            "WECOM_OAUTH_URL", values.url, "https://open.weixin.qq.com"
        ),
        login_url=read.optional(
            "WECOM_LOGIN_URL", values.url, "https://login.work.weixin.qq.com"
        ),
        suite_id=read.required("WECOM_SUITE_ID", str, ""),
        suite_secret=read.required("WECOM_SUITE_SECRET", str, ""),
        token=read.required("WECOM_TOKEN", str, ""),
        encoding_aes_key=read.required("WECOM_ENCODING_AES_KEY", values.aes_key, ""),
        provider_corp_id=read.given("WECOM_PROVIDER_CORP_ID"),
        provider_secret=read.given("WECOM_PROVIDER_SECRET"),
        login_suite_id=read.optional("WECOM_LOGIN_SUITE_ID", str, "") or None,
        login_suite_secret=read.optional("WECOM_LOGIN_SUITE_SECRET", str, "") or None,
        corp_calls_per_minute=read.optional(
            "WECOM_CORP_CALLS_PER_MINUTE", values.count, 10_000
        ),
        provider_calls_per_minute=read.optional(
            "WECOM_PROVIDER_CALLS_PER_MINUTE", values.count, 20_000
        ),
        corp_parallel_calls=read.optional("WECOM_CORP_PARALLEL_CALLS", values.count, 8),
    )


def _tapd(read: _Reader) -> TapdSettings:
    return TapdSettings(
        url=read.optional("TAPD_URL", values.url, "https://www.tapd.cn"),
        api_url=read.optional("TAPD_API_URL", values.url, "https://api.tapd.cn"),
        client_id=read.given("TAPD_CLIENT_ID"),
        client_secret=read.given("TAPD_CLIENT_SECRET"),
    )


def _guard(read: _Reader) -> GuardDefaults:
    return GuardDefaults(
        switch=read.optional("GUARD", values.switch, "on"),
        removals=read.optional("GUARD_REMOVALS", values.natural, 20),
        share=read.optional("GUARD_SHARE", values.share, 0.10),
        ceiling=read.optional("GUARD_CEILING", values.natural, 500),
        window_hours=read.optional("GUARD_WINDOW_HOURS", values.window, 24),
    )


def _alerts(read: _Reader) -> AlertChannels:
    url = read.optional("ALERT_WEBHOOK_URL", values.url, "") or None
    secret = read.optional("ALERT_WEBHOOK_SECRET", values.webhook_secret, "") or None
    if read.has("ALERT_WEBHOOK_URL") is not read.has("ALERT_WEBHOOK_SECRET"):
        read.faults.append(
            "ALERT_WEBHOOK_URL and ALERT_WEBHOOK_SECRET belong together: set both, "
            "or neither."
        )
    return AlertChannels(
        urls=read.optional("ALERT_URLS", values.apprise_urls, ()),
        webhook_url=url,
        webhook_secret=secret,
    )


def _house(read: _Reader) -> HouseProvider | None:
    names = (
        "OPERATOR_OIDC_ISSUER",
        "OPERATOR_OIDC_CLIENT_ID",
        "OPERATOR_OIDC_CLIENT_SECRET",
    )
    issuer = read.optional("OPERATOR_OIDC_ISSUER", values.issuer, "")
    client_id = read.optional("OPERATOR_OIDC_CLIENT_ID", str, "")
    secret = read.optional("OPERATOR_OIDC_CLIENT_SECRET", str, "")
    claim = read.optional("OPERATOR_OIDC_ROLE_CLAIM", str, "roles")
    given = [name for name in names if read.has(name)]
    if given and len(given) < len(names):
        missing = ", ".join(name for name in names if name not in given)
        read.faults.append(f"{missing}: needed beside {given[0]}.")
    if not all((issuer, client_id, secret)):
        return None
    return HouseProvider(
        issuer=issuer, client_id=client_id, client_secret=secret, role_claim=claim
    )
