"""Probes of what settings name besides: channels of alerts, the house's provider."""

from collections.abc import Iterator

import requests

from settings import HouseProvider, Settings
from workers.alerts.channels import UNKNOWN_SERVICE, open_channels
from workers.doctor.verdicts import ProbeResult, Words, failed, fine

_SECONDS = 5.0
_WELL_KNOWN = "/.well-known/openid-configuration"


def examine(settings: Settings) -> Iterator[ProbeResult]:
    """Whether each can be used as it is written; nobody is told anything."""
    yield from _channels(settings)
    if settings.house is not None:
        yield _provider(settings.house)


def _channels(settings: Settings) -> Iterator[ProbeResult]:
    names = list(open_channels(settings.alerts))
    strange = [name for name in names if name.endswith(UNKNOWN_SERVICE)]
    for name in strange:
        number = name.partition(":")[0]
        yield failed(
            "alerts",
            Words(
                en=f"Address {number} of ALERT_URLS is of no service that is known: "
                "no alert will go there.",
                zh=f"ALERT_URLS 的第 {number} 个地址无法识别：告警不会发往该处。",
            ),
            Words(
                en="Compare its beginning with Apprise's list (a WeCom group robot is "
                "wecombot://KEY).",
                zh="请对照 Apprise 的服务列表修改地址开头（企业微信群机器人为 "
                "wecombot://KEY）。",
            ),
        )
    if names and not strange:
        yield fine(
            "alerts",
            en="Every channel of alerts is understood; /console/alerts can test them.",
            zh="告警渠道均可识别；可在 /console/alerts 中测试。",
        )


def _provider(house: HouseProvider) -> ProbeResult:
    try:
        answer = requests.get(house.issuer.rstrip("/") + _WELL_KNOWN, timeout=_SECONDS)
        said = answer.json() if answer.ok else {}
    except requests.RequestException:
        return failed(
            "operators' sign-in",
            Words(
                en="OPERATOR_OIDC_ISSUER cannot be reached.",
                zh="无法访问 OPERATOR_OIDC_ISSUER。",
            ),
            Words(
                en="Let this machine reach it (firewall, proxy, DNS, certificate).",
                zh="请确保本机可访问该地址（防火墙、代理、DNS、证书）。",
            ),
        )
    if not isinstance(said, dict) or said.get("issuer") != house.issuer:
        return failed(
            "operators' sign-in",
            Words(
                en="What answers at OPERATOR_OIDC_ISSUER calls itself otherwise, or is "
                "no OpenID provider.",
                zh="OPERATOR_OIDC_ISSUER 处的服务自称的 issuer 不同，"
                "或并非 OpenID 提供方。",
            ),
            Words(
                en="Write it exactly as the provider's own document says under "
                '"issuer": a slash at the end counts.',
                zh="请按提供方文档中 issuer 的原文填写：末尾的斜杠也算。",
            ),
        )
    return fine(
        "operators' sign-in",
        en="The house's OpenID provider answers.",
        zh="公司的 OpenID 提供方有应答。",
    )
