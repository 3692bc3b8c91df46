"""Examines a deployment from its settings to WeCom's answers, and says what to mend."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

from settings import Settings, SettingsError
from workers.doctor import (
    probe_addresses,
    probe_channels,
    probe_proxy,
    probe_stores,
    probe_tapd,
    probe_wecom,
)
from workers.doctor.verdicts import (
    ProbeResult,
    Verdict,
    Words,
    failed,
    fine,
    later,
    warning,
)

Load = Callable[[], Settings]


def examine(load: Load) -> Iterator[ProbeResult]:
    """Every finding, in the order of what depends on what; nothing is changed.

    Without usable settings nothing else is examined; without Postgres, or with secrets
    that cannot be opened, WeCom is not asked.
    """
    try:
        settings = load()
    except SettingsError as error:
        yield from map(_faulty, error.faults)
        return
    yield from _settings(settings)
    stores = yield from _stores(settings)
    yield from probe_addresses.examine(settings)
    yield from probe_proxy.examine(settings)
    yield from probe_channels.examine(settings)
    if not stores.postgres:
        return
    yield from probe_stores.examine_sync(settings)
    if (yield from _secrets(settings)):
        asked = probe_wecom.examine(settings) if stores.redis else [_unasked()]
        yield from asked
    yield from probe_tapd.examine(settings)


def examine_before_start(load: Load) -> Iterator[ProbeResult]:
    """What must be there before the processes are; they need not run, nor have run.

    Without a usable ticket WeCom is asked only what it answers without one.
    """
    try:
        settings = load()
    except SettingsError as error:
        yield from map(_faulty, error.faults)
        return
    yield from _settings(settings)
    stores = yield from _stores(settings)
    if stores.postgres and (yield from _secrets(settings)):
        yield probe_wecom.examine_address(settings)
        early = probe_wecom.examine_before_start
        yield from early(settings) if stores.redis else [_unasked()]
    yield later(
        "processes",
        en="Receiver, callbacks, web, public URL, upkeep, workers and suite ticket are "
        "examined by `python manage.py doctor` once the processes run.",
        zh="receiver、回调、web、公网地址、upkeep、workers 和 suite_ticket 须待各进程"
        "启动后，再执行 python manage.py doctor 检查。",
    )


def _settings(settings: Settings) -> Iterator[ProbeResult]:
    yield fine("settings", en="All settings are usable.", zh="所有配置均可用。")
    yield from _doubtful(settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stores:
    """What can be worked with."""

    postgres: bool
    redis: bool


def _stores(settings: Settings) -> Generator[ProbeResult, None, _Stores]:
    """Every finding about the stores, and which of them work."""
    schema = None
    redis = False
    for finding in probe_stores.examine_postgres(settings):
        schema = finding.verdict if finding.probe == "schema" else schema
        yield finding
    for finding in probe_stores.examine_redis(settings):
        # Asked for last, of one that can be used.
        redis = redis or finding.probe == "spill"
        yield finding
    return _Stores(postgres=schema is Verdict.OK, redis=redis)


def _unasked() -> ProbeResult:
    return later(
        "wecom tokens",
        en="Tokens are examined once Redis can be used: calls to WeCom are counted "
        "there.",
        zh="凭证须待 Redis 可用后再检查：对企业微信的调用在 Redis 中计数。",
    )


def _secrets(settings: Settings) -> Generator[ProbeResult, None, bool]:
    """Whether every stored secret can be opened."""
    finding = probe_stores.examine_secrets(settings)
    yield finding
    return finding.verdict is Verdict.OK


def _faulty(fault: str) -> ProbeResult:
    name = fault.partition(" ")[0].rstrip(":")
    return failed(
        "settings",
        Words(en=fault, zh=f"配置 {name} 缺失或格式不对：{fault}"),
        Words(
            en=f"Set {name} in the environment or in .env (see .env.example).",
            zh=f"请在环境变量或 .env 中设置 {name}（参见 .env.example）。",
        ),
    )


def _doubtful(settings: Settings) -> Iterator[ProbeResult]:
    if settings.guard.switch == "off":
        yield warning(
            "guard",
            Words(
                en="The guard is off: removals never wait for approval.",
                zh="防护已关闭：批量移除不会等待审批。",
            ),
            Words(en="Set GUARD=on.", zh="请设置 GUARD=on。"),
        )
    if not settings.public_url.startswith("https://"):
        yield warning(
            "https",
            Words(
                en="PUBLIC_URL is not https; WeCom's sign-in asks for it.",
                zh="PUBLIC_URL 不是 https，企业微信登录要求使用 https。",
            ),
            Words(
                en="Put a certificate in front and set PUBLIC_URL to https://…",
                zh="请配置证书，并把 PUBLIC_URL 改为 https://…",
            ),
        )
    elif not settings.trusted_proxies:
        yield _untrusted_proxy()
    if not settings.wecom.provider_corp_id:
        yield warning(
            "provider",
            Words(
                en="WECOM_PROVIDER_CORP_ID is empty: callbacks may name no receiver.",
                zh="WECOM_PROVIDER_CORP_ID 为空：不带接收方的回调也会被接受。",
            ),
            Words(
                en="Set it to the corpid shown in the provider console (服务商信息).",
                zh="请填写服务商后台「服务商信息」中的 CorpID。",
            ),
        )


def _untrusted_proxy() -> ProbeResult:
    # Nothing of ours serves TLS.
    return warning(
        "proxies",
        Words(
            en="PUBLIC_URL is https, so a proxy stands in front, and TRUSTED_PROXIES "
            "is 0: visitors all have its address where tries are counted.",
            zh="PUBLIC_URL 为 https，说明前面有反向代理，而 TRUSTED_PROXIES 为 0："
            "限制尝试次数时，所有访客都算作同一个地址。",
        ),
        Words(
            en="Set TRUSTED_PROXIES to the number of proxies that append to "
            "X-Forwarded-For, and let WEB_PORT be reached through them alone.",
            zh="请把 TRUSTED_PROXIES 设为会追加 X-Forwarded-For 的代理层数，"
            "并确保 WEB_PORT 只能经由这些代理访问。",
        ),
    )
