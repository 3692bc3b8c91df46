"""What a process is told from outside, section by section, as frozen values."""

from dataclasses import dataclass, field

from configuration.values import Switch, Unmatched


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

    switch: Switch
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
    bind: str
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
    exports_traces: bool
    otel: tuple[tuple[str, str], ...] = field(repr=False, compare=False)
