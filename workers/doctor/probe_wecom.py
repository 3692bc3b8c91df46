"""Probes of what WeCom gives us: ticket, tokens, and whether it lets us in at all."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import requests

from settings import Settings
from store.database import transaction
from store.org import corps
from store.org.corps import Corp
from store.platform.tickets import find_ticket
from store.sealing import SealBroken
from store.summaries.org.corps import list_linked
from wecom.advice import ADVICE
from wecom.client import provider_token
from wecom.errors import TicketMissing, Unavailable, WeComError
from wecom.wire import Token
from workers.calls.client import permanent_code_place
from workers.doctor.verdicts import ProbeResult, Words, failed, fine, warning
from workers.queue.broker import make_broker
from workers.runtime import Runtime, build

# WeCom sends one about every 10 minutes; each is good for 30.
_TICKET_WARNS = timedelta(minutes=25)
_TICKET_FAILS = timedelta(minutes=30)
# Time stamps are whole seconds, and clocks never quite agree.
_CLOCKS_APART = timedelta(seconds=30)
# WeCom limits how often tokens may be fetched; a sample tells enough.
_MOST_CORPS = 20
_ADDRESS_UNKNOWN = {60020, 301042}
_SECONDS = 5.0

_PUSH = Words(
    en="In the provider console, app details, callback configuration: check the "
    "command callback URL (public address of the receiver + /wecom/command), then "
    "push the ticket again there.",
    zh="请在「服务商后台 › 应用详情 › 回调配置」中检查指令回调 URL"
    "（receiver 的公网地址 + /wecom/command），并在该处重新推送 ticket。",
)
_WHITELIST = Words(
    en="Add this machine's outgoing address to the screen “IP whitelist” (IP白名单) of "
    "the provider console; it takes effect within a minute.",
    zh="请在服务商后台的「IP白名单」中加入本机的出口 IP，一分钟内生效。",
)
_CLOCKS = Words(
    en="Let NTP set the clocks of this machine and of Postgres. If they are right, "
    "WeCom's was wrong: tickets go on arriving, and the next one replaces this one.",
    zh="请用 NTP 校准本机与 Postgres 所在机器的时钟。若两者均准确，则是企业微信一侧的"
    "时间有误：后续推送的 ticket 会替换它，无需处理。",
)
_REACH = Words(
    en="Let this machine reach WECOM_API_URL (firewall, proxy, DNS).",
    zh="请确保本机可访问 WECOM_API_URL（防火墙、代理、DNS）。",
)


def examine(settings: Settings) -> Iterator[ProbeResult]:
    """Ticket, suite token, provider token, and the tokens of linked corps."""
    with _runtime(settings) as runtime:
        yield _ticket(runtime)
        yield from _tokens(runtime)


def examine_before_start(settings: Settings) -> Iterator[ProbeResult]:
    """The provider token, and the others while a ticket is usable."""
    with _runtime(settings) as runtime:
        age = _ticket_age(runtime)
        if age is not None and age < _TICKET_FAILS:
            yield from _tokens(runtime)
        else:
            yield from _provider_token(runtime)


def examine_address(settings: Settings) -> ProbeResult:
    """Whether WeCom answers anything; there is nothing at the root."""
    url = settings.wecom.api_url
    try:
        requests.get(url, timeout=_SECONDS)
    except requests.RequestException as error:
        fault = type(error).__name__
        said = Words(en=f"{url}: {fault}.", zh=f"{url}：{fault}。")
        return failed("wecom", said, _REACH)
    return fine("wecom", en=f"{url} answers.", zh=f"{url} 可访问。")


@contextmanager
def _runtime(settings: Settings) -> Iterator[Runtime]:
    broker = make_broker(settings.redis_url, receiver=False)
    runtime = build(settings, broker=broker, pool_size=2)
    try:
        yield runtime
    finally:
        broker.close()
        runtime.redis.close()
        runtime.pool.close()


def _tokens(runtime: Runtime) -> Iterator[ProbeResult]:
    suite = _suite_token(runtime)
    yield suite
    yield from _provider_token(runtime)
    if suite.advice is None:
        yield from _corp_tokens(runtime)


def _ticket_age(runtime: Runtime) -> timedelta | None:
    suite_id = runtime.settings.wecom.suite_id
    with transaction(runtime.pool) as connection:
        ticket = find_ticket(connection, runtime.keyring, suite_id=suite_id)
    return None if ticket is None else datetime.now(UTC) - ticket.dated


def _ticket(runtime: Runtime) -> ProbeResult:
    suite_id = runtime.settings.wecom.suite_id
    age = _ticket_age(runtime)
    if age is None:
        said = Words(
            en=f"WeCom has not sent a suite_ticket for {suite_id} yet.",
            zh=f"尚未收到 {suite_id} 的 suite_ticket。",
        )
        return failed("suite ticket", said, _PUSH)
    minutes = f"{age.total_seconds() / 60:.0f}"
    said = Words(
        en=f"The newest suite_ticket is {minutes} minutes old.",
        zh=f"最新的 suite_ticket 是 {minutes} 分钟前收到的。",
    )
    if age < -_CLOCKS_APART:
        return _from_the_future(-age)
    if age < _TICKET_WARNS:
        return fine("suite ticket", en=said.en, zh=said.zh)
    return (failed if age > _TICKET_FAILS else warning)("suite ticket", said, _PUSH)


def _from_the_future(ahead: timedelta) -> ProbeResult:
    minutes = f"{ahead.total_seconds() / 60:.0f}"
    said = Words(
        en=f"The newest suite_ticket is dated {minutes} minutes from now: one of the "
        "clocks is wrong.",
        zh=f"最新的 suite_ticket 的时间比现在晚 {minutes} 分钟：有一处时钟不准。",
    )
    return failed("suite ticket", said, _CLOCKS)


def _suite_token(runtime: Runtime) -> ProbeResult:
    return _obtained(
        "suite token",
        runtime.wecom.suite_token,
        otherwise=Words(
            en="Compare WECOM_SUITE_ID and WECOM_SUITE_SECRET with the provider "
            "console, app details, basic information.",
            zh="请对照「服务商后台 › 应用详情 › 基本信息」核对 WECOM_SUITE_ID 与 "
            "WECOM_SUITE_SECRET。",
        ),
    )


def _provider_token(runtime: Runtime) -> Iterator[ProbeResult]:
    wecom = runtime.settings.wecom
    if not (wecom.provider_corp_id and wecom.provider_secret):
        return
    yield _obtained(
        "provider token",
        lambda: provider_token(
            runtime.transport,
            corp_id=wecom.provider_corp_id,
            secret=wecom.provider_secret,
        ),
        otherwise=Words(
            en="Compare WECOM_PROVIDER_CORP_ID and WECOM_PROVIDER_SECRET with the "
            "provider console, provider information.",
            zh="请对照「服务商后台 › 服务商信息」核对 WECOM_PROVIDER_CORP_ID 与 "
            "WECOM_PROVIDER_SECRET。",
        ),
    )


def _corp_tokens(runtime: Runtime) -> Iterator[ProbeResult]:
    with transaction(runtime.pool) as connection:
        keys = list_linked(connection, limit=_MOST_CORPS)
        linked = [corps.get(connection, corp_pk) for corp_pk in keys]
    findings = [_corp_token(runtime, corp) for corp in linked]
    yield from (finding for finding in findings if finding.advice)
    works = sum(finding.advice is None for finding in findings)
    if works or not findings:
        yield fine(
            "corp tokens",
            en=f"{works} of {len(findings)} linked corps examined give a token.",
            zh=f"已检查 {len(findings)} 个已关联企业，其中 {works} 个可获取凭证。",
        )


def _corp_token(runtime: Runtime, corp: Corp) -> ProbeResult:
    def obtain() -> Token:
        place = permanent_code_place(corp.corp_pk)
        code = runtime.keyring.open(corp.permanent_code or b"", place=place).decode()
        return runtime.wecom.corp_token(corp.corp_id, code)

    reinstall = Words(
        en=f"Ask the admin of {corp.corp_id} to remove the app in WeCom (App "
        "Management) and to install it again.",
        zh=f"请 {corp.corp_id} 的管理员在企业微信「应用管理」中移除应用后重新安装。",
    )
    try:
        return _obtained(f"corp {corp.corp_id}", obtain, otherwise=reinstall)
    except SealBroken:
        return failed(
            f"corp {corp.corp_id}",
            Words(
                en="Its permanent code cannot be opened.", zh="其永久授权码无法解密。"
            ),
            Words(
                en="Append the former key to SECRET_KEYS.",
                zh="请把旧密钥追加到 SECRET_KEYS。",
            ),
        )


def _obtained(
    probe: str, obtain: Callable[[], Token], *, otherwise: Words
) -> ProbeResult:
    try:
        obtain()
    except WeComError as error:
        return failed(probe, _answer(error), _advice(error, otherwise))
    return fine(probe, en="WeCom gives it.", zh="可正常获取。")


def _answer(error: WeComError) -> Words:
    if isinstance(error, Unavailable):
        return Words(
            en=f"WeCom does not answer: {error}.", zh=f"企业微信没有应答：{error}。"
        )
    return Words(en=f"WeCom says no: {error}.", zh=f"企业微信拒绝：{error}。")


def _advice(error: WeComError, otherwise: Words) -> Words:
    if error.errcode in _ADDRESS_UNKNOWN:
        return _WHITELIST
    if isinstance(error, TicketMissing):
        return _PUSH
    if isinstance(error, Unavailable):
        return _REACH
    known = ADVICE.get(error.errcode or 0)
    if known is None:
        return otherwise
    return Words(en=f"{known.en} {otherwise.en}", zh=f"{known.zh}{otherwise.zh}")
