"""Probes of TAPD: whether it knows our app, and which companies let it read."""

from collections.abc import Iterator

from configuration.tapd_access import open_tapd
from settings import Settings
from store.database import open_pool, transaction
from store.links import account_reads
from store.links.account_reads import AccountRead, ReadState
from tapd.errors import Denied, TapdError
from workers.doctor.verdicts import ProbeResult, Words, failed, fine, warning

# A sample tells enough.
_MOST_COMPANIES = 20

_CREDENTIALS = Words(
    en="Compare TAPD_CLIENT_ID and TAPD_CLIENT_SECRET with our app in TAPD's open "
    "platform.",
    zh="请对照 TAPD 开放平台中的应用信息核对 TAPD_CLIENT_ID 与 TAPD_CLIENT_SECRET。",
)
_REACH = Words(
    en="Let this machine reach TAPD_API_URL (firewall, proxy, DNS).",
    zh="请确保本机可访问 TAPD_API_URL（防火墙、代理、DNS）。",
)


def examine(settings: Settings) -> Iterator[ProbeResult]:
    """Our app's credentials, and the companies whose people could not be read."""
    known = _app(settings)
    yield known
    if known.advice is None:
        yield from _companies(settings)


def _app(settings: Settings) -> ProbeResult:
    api = open_tapd(settings.tapd)
    if api is None:
        return warning(
            "tapd",
            Words(
                en="Without credentials nobody can prove a TAPD account, and TAPD "
                "cannot be asked for a company's people.",
                zh="未配置 TAPD 凭证：成员无法登录 TAPD 证明帐号，也无法读取公司成员。",
            ),
            Words(
                en="Register an app in TAPD's open platform and set TAPD_CLIENT_ID and "
                "TAPD_CLIENT_SECRET.",
                zh="请在 TAPD 开放平台创建应用，并设置 TAPD_CLIENT_ID 与 "
                "TAPD_CLIENT_SECRET。",
            ),
        )
    try:
        api.check_credentials()
    except TapdError as error:
        said = Words(en=f"TAPD says no: {error}.", zh=f"TAPD 拒绝：{error}。")
        advice = _CREDENTIALS if isinstance(error, Denied) else _REACH
        return failed("tapd", said, advice)
    return fine("tapd", en="TAPD knows our app.", zh="TAPD 认可我们的应用。")


def _companies(settings: Settings) -> Iterator[ProbeResult]:
    pool = open_pool(settings.database_url, size=1)
    try:
        with transaction(pool) as connection:
            troubled = account_reads.list_troubled(connection, limit=_MOST_COMPANIES)
    finally:
        pool.close()
    yield from map(_company, troubled)


def _company(read: AccountRead) -> ProbeResult:
    if read.state is ReadState.REFUSED:
        advice = Words(
            en="Ask its admin to install our app in TAPD (公司管理 › 开放集成), or "
            "name its people by API or CSV; it is tried once a day.",
            zh="请其管理员在 TAPD「公司管理 › 开放集成」中安装我们的应用，或通过 API、"
            "CSV 导入成员；系统每天重试一次。",
        )
    else:
        advice = Words(
            en="It is tried again by itself; if that lasts, let this machine reach "
            "TAPD_API_URL.",
            zh="系统会自动重试；若持续失败，请确保本机可访问 TAPD_API_URL。",
        )
    return warning(
        f"company {read.company_id}",
        Words(
            en=f"TAPD did not list its people: {read.error}.",
            zh=f"TAPD 未返回其成员：{read.error}。",
        ),
        advice,
    )
