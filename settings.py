"""The environment, read once into a frozen value, so that nothing else reads it."""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from configuration.channels import (
    apprise_addresses,
    claim_path,
    issuer,
    webhook_address,
    webhook_secret,
)
from configuration.contradictions import contradictions
from configuration.env_file import read_env_file
from configuration.reader import Reader
from configuration.sections import (
    AlertChannels,
    GuardDefaults,
    HouseProvider,
    Settings,
    TapdSettings,
    WeComSettings,
)
from configuration.telemetry import (
    disabled,
    otel_settings,
    protocol,
    traces_exporter,
)
from configuration.values import (
    MOST_DAYS,
    MOST_PARALLEL_CALLS,
    MOST_PROXIES,
    aes_key,
    bearer,
    count,
    cron,
    listening_address,
    natural,
    number_within,
    port,
    secret,
    secret_keys,
    share,
    switch,
    time_zone,
    unmatched,
    window_hours,
)
from configuration.web_addresses import address, public_address
from store.connecting import check_url
from store.redis_address import check_redis_url

__all__ = [
    "AlertChannels",
    "GuardDefaults",
    "HouseProvider",
    "Settings",
    "SettingsError",
    "TapdSettings",
    "WeComSettings",
    "load",
    "load_or_exit",
]

# Callbacks come from outside; a deployment that has them pass a proxy narrows it.
EVERYWHERE = "0.0.0.0"  # noqa: S104 - meant so.


class SettingsError(Exception):
    """The environment cannot be used: one message that names every fault."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = tuple(faults)
        lines = "\n".join(f"  - {fault}" for fault in faults)
        super().__init__(
            "The settings are not usable. Correct these in the environment or in .env "
            f"(.env.example explains each):\n{lines}"
        )


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process: `.env` in the working folder, then the environment.

    Raises: SettingsError, naming every missing, malformed or contradictory setting.
    """
    if environment is not None:
        return _load(environment)
    file = read_env_file(Path(".env"))
    return _load({**file.values, **os.environ}, file.faults)


def load_or_exit() -> Settings:
    """The settings of this process, which ends with the one message without them."""
    try:
        return load()
    except SettingsError as error:
        sys.exit(str(error))


def _load(environment: Mapping[str, str], file_faults: Sequence[str] = ()) -> Settings:
    read = Reader(environment)
    settings = Settings(
        database_url=read.required("DATABASE_URL", check_url, ""),
        redis_url=read.required("REDIS_URL", check_redis_url, ""),
        bind=read.optional("BIND", listening_address, EVERYWHERE),
        port=read.optional("PORT", port, 8000),
        web_port=read.optional("WEB_PORT", port, 8080),
        trusted_proxies=read.optional(
            "TRUSTED_PROXIES", number_within(0, MOST_PROXIES), 0
        ),
        public_url=read.required("PUBLIC_URL", public_address, ""),
        secret_keys=read.required("SECRET_KEYS", secret_keys, ()),
        api_token=read.required("API_TOKEN", bearer, ""),
        wecom=_wecom(read),
        tapd=_tapd(read),
        resync_cron=read.optional("RESYNC_CRON", cron, "0 2 * * *"),
        time_zone=read.optional("SYNC_TIME_ZONE", time_zone, "Asia/Shanghai"),
        guard=_guard(read),
        unmatched=read.optional("UNMATCHED", unmatched, "ask"),
        inbox_days=read.optional("INBOX_DAYS", number_within(1, MOST_DAYS), 30),
        item_notices=read.optional("ITEM_NOTICES", switch, "on"),
        alerts=_alerts(read),
        house=_house(read),
        exports_traces=_exports_traces(read),
        otel=otel_settings(environment),
    )
    # What a file that cannot be read would have said is not missing.
    faults = [*file_faults, *([] if file_faults else read.missing), *read.faults]
    faults += _disagreements(settings, read)
    if faults:
        raise SettingsError(faults)
    return settings


def _disagreements(settings: Settings, read: Reader) -> list[str]:
    """Contradictions of what can be used; what cannot be is named already."""
    unusable = {fault.partition(":")[0] for fault in read.faults}
    return [
        each
        for each in contradictions(settings, read.is_given)
        if not unusable & set(re.findall(r"[A-Z_]+", each))
    ]


def _wecom(read: Reader) -> WeComSettings:
    return WeComSettings(
        api_url=read.optional("WECOM_API_URL", address, "https://qyapi.weixin.qq.com"),
        open_url=read.optional(
            "WECOM_OPEN_URL", address, "https://open.work.weixin.qq.com"
        ),
        oauth_url=read.optional(
            "WECOM_OAUTH_URL", address, "https://open.weixin.qq.com"
        ),
        login_url=read.optional(
            "WECOM_LOGIN_URL", address, "https://login.work.weixin.qq.com"
        ),
        suite_id=read.required("WECOM_SUITE_ID", secret, ""),
        suite_secret=read.required("WECOM_SUITE_SECRET", secret, ""),
        token=read.required("WECOM_TOKEN", secret, ""),
        encoding_aes_key=read.required("WECOM_ENCODING_AES_KEY", aes_key, ""),
        provider_corp_id=read.given("WECOM_PROVIDER_CORP_ID", secret),
        provider_secret=read.given("WECOM_PROVIDER_SECRET", secret),
        login_suite_id=read.optional("WECOM_LOGIN_SUITE_ID", secret, "") or None,
        login_suite_secret=read.optional("WECOM_LOGIN_SUITE_SECRET", secret, "")
        or None,
        corp_calls_per_minute=read.optional(
            "WECOM_CORP_CALLS_PER_MINUTE", count, 10_000
        ),
        provider_calls_per_minute=read.optional(
            "WECOM_PROVIDER_CALLS_PER_MINUTE", count, 20_000
        ),
        corp_parallel_calls=read.optional(
            "WECOM_CORP_PARALLEL_CALLS", number_within(1, MOST_PARALLEL_CALLS), 8
        ),
    )


def _tapd(read: Reader) -> TapdSettings:
    return TapdSettings(
        url=read.optional("TAPD_URL", address, "https://www.tapd.cn"),
        api_url=read.optional("TAPD_API_URL", address, "https://api.tapd.cn"),
        client_id=read.given("TAPD_CLIENT_ID", secret),
        client_secret=read.given("TAPD_CLIENT_SECRET", secret),
    )


def _guard(read: Reader) -> GuardDefaults:
    return GuardDefaults(
        switch=read.optional("GUARD", switch, "on"),
        removals=read.optional("GUARD_REMOVALS", natural, 20),
        share=read.optional("GUARD_SHARE", share, 0.10),
        ceiling=read.optional("GUARD_CEILING", natural, 500),
        window_hours=read.optional("GUARD_WINDOW_HOURS", window_hours, 24),
    )


def _alerts(read: Reader) -> AlertChannels:
    return AlertChannels(
        urls=read.optional("ALERT_URLS", apprise_addresses, ()),
        webhook_url=read.optional("ALERT_WEBHOOK_URL", webhook_address, "") or None,
        webhook_secret=read.optional("ALERT_WEBHOOK_SECRET", webhook_secret, "")
        or None,
    )


def _house(read: Reader) -> HouseProvider | None:
    house = HouseProvider(
        issuer=read.optional("OPERATOR_OIDC_ISSUER", issuer, ""),
        client_id=read.optional("OPERATOR_OIDC_CLIENT_ID", secret, ""),
        client_secret=read.optional("OPERATOR_OIDC_CLIENT_SECRET", secret, ""),
        role_claim=read.optional("OPERATOR_OIDC_ROLE_CLAIM", claim_path, "roles"),
    )
    return house if house.issuer else None


def _exports_traces(read: Reader) -> bool:
    """Whether an endpoint is set, and nothing switches it off."""
    endpoints = (
        read.optional("OTEL_EXPORTER_OTLP_ENDPOINT", address, ""),
        read.optional("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", address, ""),
    )
    read.optional("OTEL_EXPORTER_OTLP_PROTOCOL", protocol, "http/protobuf")
    read.optional("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", protocol, "http/protobuf")
    exporter = read.optional("OTEL_TRACES_EXPORTER", traces_exporter, "otlp")
    is_off = read.optional("OTEL_SDK_DISABLED", disabled, False)
    return any(endpoints) and exporter == "otlp" and not is_off
