"""Lets removals pass, or has them wait for a person: the guard between plan and org."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from domain.decisions import Decision, DecisionName
from domain.ids import Key, Userid, member_key
from domain.org.org import Department, MemberState
from domain.reasons import Reason
from domain.reconcile.guard import (
    KIND_BY_DECISION,
    MOST_WINDOW_HOURS,
    GuardSettings,
    RemovalKind,
    guard,
)
from domain.reconcile.leavers import Removal
from domain.reconcile.members import remove_member
from domain.reconcile.rejections import Rejected, stands
from domain.states import PlanState
from settings import GuardDefaults
from store.database import Connection
from store.org import members
from store.org.corps import Corp
from store.runs import plans
from store.sealing import DataKey

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """What passed the guard, with the reason to journal; `plan_id` holds the rest."""

    reasons: dict[Key, Reason]
    plan_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Leavers who passed the guard, and those who wait."""

    leaving: tuple[tuple[Userid, Removal], ...]
    waiting: frozenset[Userid]
    plan_id: str | None


class Gate:
    """The guard of one corp, with its company's own limits.

    Shape: `waiting` are the keys of all that it did not let pass.
    """

    def __init__(
        self,
        corp: Corp,
        *,
        defaults: GuardDefaults,
        data_key: DataKey,
        event_id: int | None = None,
    ) -> None:
        self._corp = corp
        self._defaults = defaults
        self._data_key = data_key
        self._event_id = event_id
        self.waiting: set[Key] = set()

    def admit_people(
        self, connection: Connection, gone: Sequence[tuple[Userid, Removal]]
    ) -> People:
        """Who of these leavers may go now."""
        if not gone:
            return People(leaving=(), waiting=frozenset(), plan_id=None)
        corp_pk = self._corp.corp_pk
        stored = {
            each.member.userid: each
            for each in members.list_known(
                connection, corp_pk, [who for who, _ in gone]
            )
            if each.state is MemberState.ACTIVE
        }
        leavers = [(who, removal) for who, removal in gone if who in stored]
        decisions = [remove_member(stored[who], removal) for who, removal in leavers]
        admitted = self.admit(connection, RemovalKind.MEMBERS, decisions)
        return People(
            leaving=tuple(
                (who, replace(removal, reason=admitted.reasons[member_key(who)]))
                for who, removal in leavers
                if member_key(who) in admitted.reasons
            ),
            waiting=frozenset(
                who for who, _ in leavers if member_key(who) not in admitted.reasons
            ),
            plan_id=admitted.plan_id,
        )

    def admit_departments(
        self, connection: Connection, removals: Sequence[Decision]
    ) -> dict[Key, Reason]:
        """Which departments may go now, and why."""
        return self.admit(connection, RemovalKind.DEPARTMENTS, removals).reasons

    def admit(
        self, connection: Connection, kind: RemovalKind, removals: Sequence[Decision]
    ) -> Admitted:
        """Which removals may be done now; the others join or become a held plan.

        Repeats: the same finding joins the open plan, and a rejected one stays
        rejected until WeCom's answer about it changes.
        """
        if not removals:
            return Admitted(reasons={}, plan_id=None)
        corp_pk = self._corp.corp_pk
        known = plans.states_of(connection, corp_pk, [each.key for each in removals])
        reasons: dict[Key, Reason] = {}
        fresh: list[Decision] = []
        for each in removals:
            states = known.get(each.key, {})
            if PlanState.APPROVED in states:
                reasons[each.key] = Reason.APPROVED
            elif not _is_decided(each, states):
                fresh.append(each)
        free, plan_id = self._weigh(connection, kind, fresh)
        reasons |= {each.key: Reason(each.reason) for each in free}
        waiting = [each.key for each in removals if each.key not in reasons]
        self.waiting |= set(waiting)
        return Admitted(
            reasons=reasons,
            plan_id=plan_id or plans.find_open(connection, corp_pk, waiting),
        )

    def _weigh(
        self, connection: Connection, kind: RemovalKind, fresh: Sequence[Decision]
    ) -> tuple[Sequence[Decision], str | None]:
        """The fresh removals if they are few enough, else the plan that holds them."""
        if not fresh:
            return (), None
        corp_pk = self._corp.corp_pk
        settings, hours = read_limits(connection, self._corp, defaults=self._defaults)
        window = plans.count_window(connection, corp_pk, kind=kind, hours=hours)
        held = guard(
            fresh,
            corp_id=self._corp.corp_id,
            kind=kind,
            window=window,
            settings=settings,
        )
        if held is None:
            return fresh, None
        plan_id = plans.add(
            connection,
            corp_pk,
            held=held,
            decisions=fresh,
            data_key=self._data_key,
            event_id=self._event_id,
        )
        return (), plan_id


def read_limits(
    connection: Connection, corp: Corp, *, defaults: GuardDefaults
) -> tuple[GuardSettings, int]:
    """The limits of the corp's company, and the hours of its window."""
    own = plans.find_guard_overrides(connection, corp.corp_pk)
    try:
        return settings_of(defaults, own)
    except (TypeError, ValueError):
        # A limit that cannot be read neither stops the sync nor opens the gate.
        _log.warning("guard of a company unreadable", extra={"corp_pk": corp.corp_pk})
        return settings_of(defaults, {})


def settings_of(
    defaults: GuardDefaults, own: Mapping[str, Any]
) -> tuple[GuardSettings, int]:
    """A company's limits and the hours of its window; what it leaves out follows.

    Raises: TypeError, ValueError for what cannot be a limit.
    """
    given = {name: value for name, value in own.items() if value is not None}
    hours = given.get("window_hours", defaults.window_hours)
    if isinstance(hours, bool) or not isinstance(hours, int):
        raise TypeError("window_hours must be a whole number")
    if hours < 1:
        raise ValueError("window_hours must be at least 1")
    settings = GuardSettings.of(
        switch=given.get("switch", defaults.switch),
        removals=given.get("removals", defaults.removals),
        share=given.get("share", defaults.share),
        ceiling=given.get("ceiling", defaults.ceiling),
    )
    # A longer window may be stored from before there was a longest one.
    return settings, min(hours, MOST_WINDOW_HOURS)


def note_shown(connection: Connection, corp: Corp, userids: Iterable[Userid]) -> None:
    """WeCom shows these people: no plan waits for them, no rejection is remembered."""
    keys = [member_key(each) for each in userids]
    plans.close_entries(connection, corp.corp_pk, keys, state="returned")


def note_listed(
    connection: Connection, corp: Corp, departments: Iterable[Department]
) -> None:
    """The same for departments, of a complete listing that the org is brought to."""
    ids = [each.department_id for each in departments]
    plans.close_listed(connection, corp.corp_pk, ids)


def note_removed(
    connection: Connection, corp: Corp, decisions: Iterable[Decision]
) -> None:
    """What was removed waits in no plan any more; in the removal's own transaction.

    Nor does whoever turned out to be there under another userid.
    """
    keys = [each.key for each in decisions if each.name in KIND_BY_DECISION]
    plans.close_entries(connection, corp.corp_pk, keys, state="applied")
    former = [each.key for each in decisions if each.name is DecisionName.RENAME_USERID]
    plans.close_entries(connection, corp.corp_pk, former, state="returned")


def _is_decided(removal: Decision, states: Mapping[str, Rejected]) -> bool:
    """Whether it waits already, or was rejected when WeCom said the same."""
    if PlanState.HELD in states:
        return True
    rejected = states.get(PlanState.REJECTED)
    return rejected is not None and stands(rejected, removal)
