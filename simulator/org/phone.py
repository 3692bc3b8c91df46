"""How a message looks on a member's phone, names filled in by WeCom itself."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

from simulator.org.directory import Directory

MARK = re.compile(r"\$(userName|userAlias|userAliasOrName|departmentName)=([^$\s]+)\$")
BREAK = re.compile(r"<br\s*/?>|</div>\s*", re.IGNORECASE)
TAG = re.compile(r"<[^>]*>")
LIMITS = {("textcard", "title"): 128, ("textcard", "description"): 512}
TEXT_BYTES = 2048
# Where enable_id_trans works; markdown is left out on purpose (wecom.md 3.7, 3.11).
PLACES = {
    "text": {"content"},
    "textcard": {"title", "description"},
    "news": {"title", "description"},
    "miniprogram_notice": {"title", "description", "value"},
    "template_msg": {"value"},
    "template_card": {"title", "desc", "sub_title_text", "value"},
}


def shown(
    directory: Directory, msgtype: str, content: Any, *, translate: bool
) -> dict[str, Any]:
    """The content as displayed: translated where asked for, cut where too long."""
    places = PLACES.get(msgtype, set()) if translate else set()
    whole = _map(content, places=places, change=lambda text: fill(directory, text))
    if msgtype == "text":
        raw = str(whole.get("content", "")).encode()[:TEXT_BYTES]
        whole["content"] = raw.decode(errors="ignore")
    for (kind, name), limit in LIMITS.items():
        if kind == msgtype and isinstance(whole.get(name), str):
            whole[name] = whole[name][:limit]
    return dict(whole)


def fill(directory: Directory, text: str) -> str:
    """Names for ids that the app may see; all others stay as they are."""

    def name_of(mark: re.Match[str]) -> str:
        if mark[1] == "departmentName":
            department_id = int(mark[2]) if mark[2].isdecimal() else 0
            visible = department_id in directory.listed_departments()
            return directory.departments[department_id].name if visible else mark[0]
        member = directory.members.get(mark[2])
        if member is None or not directory.is_readable(member):
            return mark[0]
        return member.name

    return MARK.sub(name_of, text)


def lines(text: Any) -> str:
    """A description as text: WeCom knows line breaks and boxes, no other tags."""
    broken = BREAK.sub("\n", str(text or ""))
    return unescape(TAG.sub("", broken)).strip()


def china_clock(at: float) -> str:
    """The time of a message as a phone in China shows it."""
    return (datetime.fromtimestamp(at, UTC) + timedelta(hours=8)).strftime(
        "%m-%d %H:%M"
    )


def _map(
    content: Any, *, places: set[str], change: Callable[[str], str], key: str = ""
) -> Any:
    if isinstance(content, dict):
        return {
            name: _map(value, places=places, change=change, key=name)
            for name, value in content.items()
        }
    if isinstance(content, list):
        return [_map(one, places=places, change=change, key=key) for one in content]
    if isinstance(content, str) and key in places:
        return change(content)
    return content
