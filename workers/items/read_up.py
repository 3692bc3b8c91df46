"""Asks TAPD what events leave out: whose a project is, its words, an item's values."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.ids import CompanyId
from domain.items.items import (
    OWNERS,
    STATUS,
    TITLE,
    ItemAction,
    ItemEdit,
    ItemKind,
    ItemState,
)
from store.database import glance, transaction
from store.items import states, workspaces
from store.items.states import ItemKey
from store.items.workspaces import KnownWords, KnownWorkspace, WorkspaceStanding
from store.org.companies import find_company
from store.platform import schedule
from tapd.api import TapdApi
from tapd.errors import Denied, Refused, TapdError, Throttled, Unavailable
from tapd.item_reads import ItemWords, read_items, read_words, read_workspace
from workers.items.letters import Letter
from workers.runtime import Runtime

_FRESH = timedelta(hours=24)
# Sooner where the answer may change by an admin's hand, or names are missing.
_DOUBTFUL = timedelta(hours=1)
_SPARSE = timedelta(minutes=10)
# How long mail waits for a TAPD that does not answer; then it goes as it is.
WAITS = (3.0, 20.0, 60.0)
_NO_WORDS = ItemWords(labels={}, statuses={})

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadUp:
    """Letters with what TAPD told; those to wait, and those of other companies.

    Units: seconds to wait, by mail id.
    """

    letters: tuple[Letter, ...]
    waits: Mapping[int, float]
    foreign: frozenset[int]


@dataclass(slots=True)
class _Desk:
    """What one reading knows and finds out."""

    runtime: Runtime
    company_id: CompanyId
    origin: str
    now: datetime
    known: dict[str, KnownWorkspace]
    silent: set[str] = field(default_factory=set)
    foreign: set[str] = field(default_factory=set)
    fields: dict[ItemKey, dict[str, str]] = field(default_factory=dict)
    unread: set[ItemKey] = field(default_factory=set)


def read_up(
    runtime: Runtime, company_id: CompanyId, letters: Sequence[Letter]
) -> ReadUp:
    """Ask what is to be asked about these letters; nothing is held open meanwhile.

    Raises: StoreUnavailable, SealBroken; what TAPD raises decides over each letter.
    """
    desk, remembered = _open_desk(runtime, company_id, letters)
    by_workspace: dict[str, list[Letter]] = {}
    for each in letters:
        by_workspace.setdefault(each.edit.workspace_id, []).append(each)
    for workspace_id, theirs in by_workspace.items():
        _look_at(desk, workspace_id)
        api = runtime.tapd
        if workspace_id in desk.foreign or api is None:
            continue
        edits = [each.edit for each in theirs]
        _learn_words(desk, api, workspace_id, edits)
        _read_values(desk, api, workspace_id, edits, remembered)
    return _sorted_out(desk, letters)


def _open_desk(
    runtime: Runtime, company_id: CompanyId, letters: Sequence[Letter]
) -> tuple[_Desk, Mapping[ItemKey, ItemState]]:
    with glance(runtime.pool) as connection:
        company = find_company(connection, company_id)
        known = workspaces.find_workspaces(
            connection, company_id, {each.edit.workspace_id for each in letters}
        )
        now = schedule.get_now(connection)
    with transaction(runtime.pool) as connection:
        remembered = states.find_states(
            connection,
            company_id,
            sorted({each.edit.key for each in letters}),
            keyring=runtime.keyring,
        )
    origin = "tapd" if company is None else company.origin
    desk = _Desk(runtime, company_id, origin, now, known)
    return desk, remembered


def _look_at(desk: _Desk, workspace_id: str) -> None:
    """Find out whose a project is, unless that is known well enough."""
    known = desk.known.get(workspace_id)
    if known is None or desk.now - known.checked_at > _lasts(known):
        _check(desk, workspace_id)
        known = desk.known.get(workspace_id)
    if known is not None and known.standing is WorkspaceStanding.FOREIGN:
        desk.foreign.add(workspace_id)


def _lasts(known: KnownWorkspace) -> timedelta:
    return _FRESH if known.standing is WorkspaceStanding.OURS else _DOUBTFUL


def _check(desk: _Desk, workspace_id: str) -> None:
    if workspace_id == desk.company_id:
        # A company is itself a workspace.
        _keep(desk, workspace_id, WorkspaceStanding.OURS)
        return
    api = desk.runtime.tapd
    if api is None:
        _keep(desk, workspace_id, WorkspaceStanding.UNPROVEN)
        return
    try:
        info = read_workspace(api, workspace_id)
    except (Denied, Refused) as error:
        _log.info("workspace not told", extra={"error": str(error)})
        _keep(desk, workspace_id, WorkspaceStanding.UNPROVEN)
    except TapdError as error:
        _log.info("workspace not told", extra={"error": str(error)})
        if workspace_id not in desk.known:
            desk.silent.add(workspace_id)
    else:
        standing = _standing(desk, info.company_id)
        _keep(desk, workspace_id, standing, name=info.name, new_task=info.new_task)


def _standing(desk: _Desk, owner_id: str) -> WorkspaceStanding:
    if owner_id == desk.company_id:
        return WorkspaceStanding.OURS
    if not owner_id:
        return WorkspaceStanding.UNPROVEN
    if desk.origin == "tapd":
        return WorkspaceStanding.FOREIGN
    # Companies that we made have no id in TAPD to compare with.
    with glance(desk.runtime.pool) as connection:
        other = workspaces.is_of_another(connection, desk.company_id, owner_id)
    return WorkspaceStanding.FOREIGN if other else WorkspaceStanding.UNPROVEN


def _keep(
    desk: _Desk,
    workspace_id: str,
    standing: WorkspaceStanding,
    *,
    name: str | None = None,
    new_task: bool = False,
) -> None:
    with transaction(desk.runtime.pool) as connection:
        workspaces.keep_standing(
            connection,
            desk.company_id,
            workspace_id,
            standing=standing,
            name=name,
            new_task=new_task,
        )
        desk.known |= workspaces.find_workspaces(
            connection, desk.company_id, [workspace_id]
        )


def _learn_words(
    desk: _Desk, api: TapdApi, workspace_id: str, edits: Sequence[ItemEdit]
) -> None:
    """Read the names of fields and values that cards of these edits would show."""
    for kind in sorted({each.kind for each in edits}):
        theirs = [each for each in edits if each.kind is kind]
        if _knows_words(desk, workspace_id, kind, theirs):
            continue
        try:
            words = read_words(api, workspace_id, kind)
        except (Throttled, Unavailable) as error:
            _log.info("words not told", extra={"error": str(error)})
            return
        except TapdError as error:
            _log.info("words not told", extra={"error": str(error)})
            words = _NO_WORDS
        with transaction(desk.runtime.pool) as connection:
            workspaces.keep_words(
                connection,
                desk.company_id,
                workspace_id,
                kind,
                labels=words.labels,
                statuses=words.statuses,
                options=words.options,
            )


def _knows_words(
    desk: _Desk, workspace_id: str, kind: ItemKind, edits: Sequence[ItemEdit]
) -> bool:
    known = desk.known.get(workspace_id)
    words = None if known is None else known.words.get(kind)
    if words is None:
        # Without a row there is nowhere to keep them.
        return known is None
    return desk.now - words.read_at < _words_last(words, kind, edits)


def _words_last(
    words: KnownWords, kind: ItemKind, edits: Sequence[ItemEdit]
) -> timedelta:
    """How soon they are read again: sooner while names are missing."""
    if kind is ItemKind.ITERATION:
        return _FRESH
    if not words.labels and not words.statuses:
        return _DOUBTFUL
    if any(_lacks_value(words, each) for each in edits):
        return _SPARSE
    named = all(name in words.labels for each in edits for name in each.changed)
    return _FRESH if named else _DOUBTFUL


def _lacks_value(words: KnownWords, edit: ItemEdit) -> bool:
    """Whether a card of this edit would show a key for want of its name."""
    options = {**words.options, STATUS: words.statuses}
    shown = {*edit.changed, STATUS}
    return any(
        # An event may tell a value's name in its place.
        value not in {"", "0", *options[name], *options[name].values()}
        for name in shown
        if options.get(name)
        for value in (edit.before.get(name, ""), edit.after.get(name, ""))
    )


def _read_values(
    desk: _Desk,
    api: TapdApi,
    workspace_id: str,
    edits: Sequence[ItemEdit],
    remembered: Mapping[ItemKey, ItemState],
) -> None:
    """Read the items of which these edits leave out what a card needs."""
    wanted = {each.key for each in edits if _lacks(each, remembered.get(each.key))}
    for kind in sorted({kind for kind, _ in wanted}):
        ids = [item_id for of, item_id in sorted(wanted) if of is kind]
        try:
            found = read_items(api, workspace_id, kind, ids)
        except (Throttled, Unavailable) as error:
            _log.info("items not told", extra={"error": str(error)})
            desk.unread |= {(kind, item_id) for item_id in ids}
        except TapdError as error:
            _log.info("items not told", extra={"error": str(error)})
        else:
            desk.fields |= {(kind, item_id): told for item_id, told in found.items()}


def _lacks(edit: ItemEdit, state: ItemState | None) -> bool:
    if edit.action is ItemAction.DELETE or (state is not None and state.deleted):
        return False
    known = {} if state is None else state.fields
    told = {**known, **edit.before, **edit.after}
    has_people = edit.kind is ItemKind.ITERATION or any(each in told for each in OWNERS)
    return bool(edit.unread) or not told.get(TITLE[edit.kind]) or not has_people


def _sorted_out(desk: _Desk, letters: Sequence[Letter]) -> ReadUp:
    ready: list[Letter] = []
    waits: dict[int, float] = {}
    foreign: set[int] = set()
    for each in letters:
        edit = each.edit
        if edit.workspace_id in desk.foreign:
            foreign.add(each.mail_id)
            continue
        silent = edit.workspace_id in desk.silent or edit.key in desk.unread
        if silent and each.late_asks < len(WAITS):
            waits[each.mail_id] = WAITS[each.late_asks]
            continue
        ready.append(each.but(edit.read(desk.fields.get(edit.key, {}))))
    return ReadUp(letters=tuple(ready), waits=waits, foreign=frozenset(foreign))
