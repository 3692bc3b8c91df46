"""The demo's items in TAPD: a project whose edits are told on people's phones."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from demo.company import Addresses, Company, NotInStep
from demo.existing import Existing
from demo.session import Session

TOLD_SECONDS = 60.0
_TITLES = ("登录页支持企业微信扫码", "导出报表", "夜间模式")


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """What there is to edit, by whom, and whose phone then rings."""

    workspace_id: str
    page: str
    editor: str
    owner: str


def seed_items(
    session: Session, addresses: Addresses, company: Company, existing: Existing
) -> Items:
    """A project with stories, a bug, a task and an iteration; the first card awaited.

    Raises: NotInStep, ParentGone.
    """
    people = [*_linked(addresses, existing)][:2]
    if len(people) < 2:
        raise NotInStep("nobody is linked whose phone could ring")
    (editor, _), (nick, owner) = people
    secret = secrets.token_urlsafe(12)
    addresses.write("PUT", f"companies/{existing.company_id}", {"event_secret": secret})
    project = addresses.tell(
        "tapd/projects",
        {"company_id": existing.company_id, "secret": secret, "form": "flat_form"},
    )
    workspace_id = str(project["workspace_id"])
    base = f"tapd/projects/{workspace_id}/items"
    addresses.tell(f"{base}/iteration", {"by": editor, "fields": {"name": "第 3 迭代"}})
    made = [
        addresses.tell(
            f"{base}/story",
            {"by": editor, "fields": {"name": title, "owner": nick, "priority": "2"}},
        )["items"][0]
        for title in _TITLES
    ]
    bug = {"title": "保存后页面白屏", "current_owner": nick, "severity": "serious"}
    addresses.tell(f"{base}/bug", {"by": editor, "fields": bug})
    addresses.tell(
        f"{base}/task", {"by": editor, "fields": {"name": "写迁移脚本", "owner": nick}}
    )
    _await_card(session, addresses, company, owner)
    story = f"{workspace_id}/prong/stories/view/{made[0]['id']}"
    return Items(
        workspace_id=workspace_id,
        page=f"{addresses.simulator}/tapd/{story}",
        editor=editor,
        owner=owner,
    )


def _linked(addresses: Addresses, existing: Existing) -> Iterator[tuple[str, str]]:
    """Nick and userid of people who are linked to an account of TAPD's."""
    rows = addresses.look(f"tapd/companies/{existing.company_id}/accounts")["items"]
    nicks = {row["account_id"]: row["nick"] for row in rows}
    for userid, kind in existing.kinds.items():
        account_ids = existing.accounts[userid]
        if kind == "same_mobile" and account_ids:
            yield nicks[account_ids[0]], userid


def _await_card(
    session: Session, addresses: Addresses, company: Company, userid: str
) -> None:
    path = f"corps/{company.corp_id}/members/{userid}/messages"

    def told() -> bool:
        messages = addresses.look(path)["items"]
        return any(each["msgtype"] == "template_card" for each in messages)

    if not session.supervisor.wait_until(told, timeout_seconds=TOLD_SECONDS):
        raise NotInStep(f"no card about an item reached {userid}'s phone")
