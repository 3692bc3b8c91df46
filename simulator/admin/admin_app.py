"""What a WeCom admin does to the app: install, scope, permissions, uninstall."""

from collections.abc import Collection
from dataclasses import replace

from simulator.admin.admin_members import Impossible, get_member
from simulator.admin.changes import reach_changes, silent_changes
from simulator.events import Field
from simulator.org.corp import Agent, Corp
from simulator.org.grant import ORGANISATION_INFO, READ_BASIC, AuthMode, Grant, Scope
from simulator.tokens import Paper
from simulator.world import World

ACTIVITY_EVENTS = (
    "inactive_alert",
    "low_active_alert",
    "close_inactive_agent",
    "reopen_inactive_agent",
    "low_active",
    "active_restored",
)


def install_from_market(
    world: World, corp: Corp, *, grant: Grant, state: str = "", quiet: bool = False
) -> str:
    """Install from the app market: create_auth carries the code, which is returned.

    Repeats: refused while installed.
    Raises: Impossible.
    """
    code = _install(world, corp, grant=grant, state=state)
    fields: list[Field] = [("AuthCode", code)]
    if state:
        fields.append(("State", state))
    fields.append(("ExtraInfo", ""))
    world.push_command("create_auth", corp=corp, fields=fields)
    _welcome(world, corp, quiet=quiet)
    return code


def install_by_redirect(
    world: World, corp: Corp, *, grant: Grant, state: str = "", quiet: bool = False
) -> str:
    """Install from the provider's own site: only the redirect carries the code.

    Raises: Impossible.
    Source: WeCom 100964, 90597.
    """
    code = _install(world, corp, grant=grant, state=state)
    _welcome(world, corp, quiet=quiet)
    return code


def uninstall(world: World, corp: Corp) -> None:
    """End the authorisation: cancel_auth.

    Raises: Impossible.
    """
    get_agent(corp)
    world.push_about("cancel_auth", corp=corp)
    corp.agent = None
    world.papers.end(Paper.AUTH_CODE, owner=corp.corp_id, forget=True)
    with silent_changes(world, corp) as directory:
        directory.grant = Grant()


def reset_permanent_code(world: World, corp: Corp) -> str:
    """A new permanent code, to be fetched with the code that is pushed."""
    agent = get_agent(corp)
    code = world.papers.issue(
        Paper.AUTH_CODE, owner=corp.corp_id, state=agent.state, reset=True
    ).value
    world.push_command("reset_permanent_code", corp=corp, fields=[("AuthCode", code)])
    return code


def set_scope(world: World, corp: Corp, scope: Scope, *, quiet: bool = False) -> None:
    """Another visible range: change_auth, and (un)subscribe per member.

    Raises: Impossible.
    """
    agent = get_agent(corp)
    _check_scope(corp, scope)
    grant = replace(corp.now.grant, scope=scope)
    _set_grant(world, corp, grant, quiet=quiet)
    _push_change_auth(world, corp, agent)


def set_permissions(world: World, corp: Corp, names: Collection[str]) -> None:
    """Other permissions: corp_arch_auth when the tree opens up, else change_auth.

    Raises: Impossible.
    """
    agent = get_agent(corp)
    old = corp.now.grant.permissions
    new = frozenset(names) | {READ_BASIC}
    with silent_changes(world, corp) as directory:
        directory.grant = replace(directory.grant, permissions=new)
    opened = {ORGANISATION_INFO} & (new - old)
    if opened:
        world.push_about("corp_arch_auth", corp=corp)
    if (old ^ new) - opened:
        _push_change_auth(world, corp, agent)


def set_auth_mode(
    world: World, corp: Corp, mode: AuthMode, *, self_authorised: Collection[str] = ()
) -> None:
    """Admin or member authorisation: change_auth.

    Raises: Impossible.
    """
    agent = get_agent(corp)
    for userid in self_authorised:
        get_member(corp, userid)
    grant = replace(
        corp.now.grant, auth_mode=mode, self_authorised=tuple(self_authorised)
    )
    _set_grant(world, corp, grant, quiet=False)
    _push_change_auth(world, corp, agent)


def authorise_self(world: World, corp: Corp, userid: str) -> None:
    """One more member authorises alone: subscribe (WeCom 94496).

    Raises: Impossible.
    """
    get_agent(corp)
    get_member(corp, userid)
    grant = corp.now.grant
    if grant.auth_mode is not AuthMode.MEMBER:
        raise Impossible(60218, "the corp authorises by its admin")
    if userid not in grant.self_authorised:
        more = replace(grant, self_authorised=(*grant.self_authorised, userid))
        with reach_changes(world, corp, [userid]) as directory:
            directory.grant = more


def set_admins(world: World, corp: Corp, admins: dict[str, int]) -> None:
    """Other admins of the app: change_app_admin.

    Raises: Impossible.
    """
    get_agent(corp)
    for userid in admins:
        get_member(corp, userid)
    corp.admins = dict(admins)
    world.push_data("change_app_admin", corp=corp, sender="sys")


def set_closed(corp: Corp, *, closed: bool) -> None:
    """Disable the app in the corp; WeCom pushes nothing for an ordinary app.

    Raises: Impossible.
    """
    get_agent(corp).closed = closed


def report_activity(world: World, corp: Corp, event: str) -> None:
    """One of the events about an app nobody uses; closing ends the rights.

    Raises: Impossible.
    """
    agent = get_agent(corp)
    if event not in ACTIVITY_EVENTS:
        raise Impossible(40058, f"no such event: {event}")
    if event in ("close_inactive_agent", "reopen_inactive_agent"):
        agent.suspended = event == "close_inactive_agent"
    fields: list[Field] = []
    if event.endswith("_alert"):
        fields.append(("EffectTime", int(world.now()) + 7 * 86_400))
    world.push_data(event, corp=corp, sender="sys", fields=fields)


def get_agent(corp: Corp) -> Agent:
    """The app in this corp.

    Raises: Impossible.
    """
    if corp.agent is None:
        raise Impossible(48004, "the app is not installed")
    return corp.agent


def _install(world: World, corp: Corp, *, grant: Grant, state: str) -> str:
    if corp.agent is not None:
        raise Impossible(40140, "the app is installed already")
    _check_scope(corp, grant.scope)
    with silent_changes(world, corp) as directory:
        directory.grant = grant
    world.new_agent(corp, state=state)
    return world.papers.issue(Paper.AUTH_CODE, owner=corp.corp_id, state=state).value


def _welcome(world: World, corp: Corp, *, quiet: bool) -> None:
    """What WeCom sends before anyone can have exchanged the code."""
    world.push_data("change_app_admin", corp=corp, sender="sys")
    if quiet:
        return
    for userid in _reached(corp):
        if corp.now.members[userid].status == 1:
            world.push_data("subscribe", corp=corp, sender=userid)


def _set_grant(world: World, corp: Corp, grant: Grant, *, quiet: bool) -> None:
    if quiet:
        with silent_changes(world, corp) as directory:
            directory.grant = grant
        return
    with silent_changes(world, corp) as directory:
        before = _reached(corp)
        old = {userid: None for userid in before if _follows(corp, userid)}
        directory.grant = grant
        new = {userid: None for userid in _reached(corp) if _follows(corp, userid)}
    for userid in old:
        if userid not in new:
            world.push_data("unsubscribe", corp=corp, sender=userid)
    for userid in new:
        if userid not in old:
            world.push_data("subscribe", corp=corp, sender=userid)


def _reached(corp: Corp) -> dict[str, None]:
    """Everybody in scope, without walking through the whole corp."""
    seen = corp.now.visible
    reached = corp.now.people_below(seen.usable_departments)
    alone = sorted(seen.usable_people & corp.now.members.keys())
    return reached | dict.fromkeys(alone)


def _follows(corp: Corp, userid: str) -> bool:
    return corp.now.members[userid].status == 1


def _push_change_auth(world: World, corp: Corp, agent: Agent) -> None:
    fields: list[Field] = [("State", agent.state)] if agent.state else []
    world.push_about("change_auth", corp=corp, fields=[*fields, ("ExtraInfo", "")])


def _check_scope(corp: Corp, scope: Scope) -> None:
    unknown = [
        *({*scope.allow_party, *scope.extra_party} - corp.now.departments.keys()),
        *({*scope.allow_user, *scope.extra_user} - corp.now.members.keys()),
        *({*scope.allow_tag, *scope.extra_tag} - corp.now.tags.keys()),
    ]
    if unknown:
        raise Impossible(40058, f"no such node: {unknown[0]}")
