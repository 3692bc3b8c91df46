"""What an operator should do about an errcode, in the two languages of the pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What an operator should do, in English and in Chinese."""

    en: str
    zh: str


_SECRET = Advice(
    en="Compare WECOM_SUITE_ID and WECOM_SUITE_SECRET with the provider console.",
    zh="请对照服务商后台核对 WECOM_SUITE_ID 与 WECOM_SUITE_SECRET。",
)
_ADDRESS = Advice(
    en="Add our outgoing address to the IP whitelist in the provider console.",
    zh="请在服务商后台把本服务的出口 IP 加入 IP 白名单。",
)
_TEMPLATE = Advice(
    en="Compare the message template with the approved one in the provider console.",
    zh="请对照服务商后台中已审核的消息模板。",
)
_PERMISSION = Advice(
    en="The app lacks this permission: apply for it, release, and ask the admin.",
    zh="应用缺少该权限：请申请权限、发布上线，并请企业管理员确认。",
)
_ADMIN = Advice(
    en="Ask the corp's admin to enable the app again in the WeCom console.",
    zh="请企业管理员在企业微信管理后台重新启用应用。",
)
_REINSTALL = Advice(
    en="The corp seems to have removed the app; install it again to go on.",
    zh="企业可能已移除应用；如需继续请重新安装。",
)
_RANGE = Advice(
    en="The app may not see this: ask the corp's admin to widen its visible range.",
    zh="应用看不到该对象：请企业管理员扩大应用的可见范围。",
)
_LICENCE = Advice(
    en="Buy or assign an interface licence for these members.",
    zh="请为相关成员购买或分配接口调用许可。",
)

ADVICE: Mapping[int, Advice] = MappingProxyType(
    {
        **dict.fromkeys((40001, 40080, 40083, 40091, 45031, 48003), _SECRET),
        **dict.fromkeys((60020, 301042), _ADDRESS),
        **dict.fromkeys((60203, 60204, 60205), _TEMPLATE),
        **dict.fromkeys((48001, 48002, 48008, 48009), _PERMISSION),
        **dict.fromkeys((50002, 60011, 60021, 81011, 660003, 660004, 660005), _RANGE),
        **dict.fromkeys((48006, 50003, 60031), _ADMIN),
        **dict.fromkeys((40013, 40084, 48004), _REINSTALL),
        **dict.fromkeys((701001, 701008, 701016, 701099), _LICENCE),
        40085: Advice(
            en="No suite_ticket arrives: check the command URL, or push it by hand.",
            zh="未收到 suite_ticket：请检查指令回调 URL，或在服务商后台手动推送。",
        ),
        43012: Advice(
            en="Set the callback URLs of the app in the provider console.",
            zh="请在服务商后台配置应用的回调 URL。",
        ),
        45009: Advice(
            en="Calls are too frequent; they go on by themselves after the window.",
            zh="调用过于频繁；限制窗口结束后会自动恢复。",
        ),
        45036: Advice(
            en="WeCom limits our data access; ask its support before retrying.",
            zh="企业微信限制了数据访问；请先联系企业微信客服再重试。",
        ),
        48005: Advice(
            en="WeCom has retired this endpoint; update this service.",
            zh="该接口已下线；请升级本服务。",
        ),
        48010: Advice(
            en="Allow a current TLS version on the way to WeCom.",
            zh="请在访问企业微信的链路上启用受支持的 TLS 版本。",
        ),
        50001: Advice(
            en="Add PUBLIC_URL's domain, with its port, to the trusted domains.",
            zh="请把 PUBLIC_URL 的域名（含端口）加入可信域名。",
        ),
        60246: Advice(
            en="Release the app in the provider console.",
            zh="请在服务商后台发布应用。",
        ),
    }
)
