"""From edits to changes and to people: what each card tells, who gets it, who does not.

letters, in the order in which the edits were made
  each: what is remembered of the item, before and after it   domain/items/items
        what it adds that nobody said before                  domain/items/changes
        into the change of its time                           _Ledger.place
        whom it concerns, in which role, or why not           domain/items/people
all written in the one transaction that settles the mail
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.ids import CompanyId, CorpPk
from domain.items.changes import SAME_EDIT, WINDOW, Utterance, is_told, unsaid, utter
from domain.items.items import (
    ItemEdit,
    ItemState,
    fields_after,
    fields_before,
    learn,
    order_of,
)
from domain.items.mentions import mentioned, possible_nicks
from domain.items.people import (
    ItemPerson,
    ItemRole,
    Unsent,
    role_to_tell,
    roles_of,
    rule_of_tapd,
    why_unsent,
)
from store.database import Connection
from store.items import changes, people, states, told
from store.items.changes import StoredChange
from store.items.preferences import CompanyItems
from store.items.states import ItemKey
from store.items.told import Concern
from store.platform import schedule
from store.sealing import Keyring
from workers.items.letters import Letter, Outcome

TOLD: Outcome = ("done", "told")
REPEATED: Outcome = ("folded", "said_before")
NOTHING: Outcome = ("done", "nothing_to_tell")
NOBODY: Outcome = ("done", "nobody")

# What somebody changes beyond this within a minute is a bulk edit: it is gathered.
_BULK_ITEMS = 20
_MINUTE = timedelta(minutes=1)

# Who changed an item, and which.
_Hand = tuple[ItemKey, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What came of letters; `corps` have something to deliver now."""

    outcomes: Mapping[int, Outcome]
    corps: frozenset[CorpPk]
    unknown_nicks: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placed:
    """One edit in the change that tells it, with the people it concerns."""

    letter: Letter
    change_id: int
    roles: Mapping[str, tuple[ItemRole, ...]]


@dataclass(slots=True)
class _Ledger:
    """Changes of these items, old and new, and where the next utterance goes."""

    now: datetime
    ids: list[int]
    by_hand: dict[_Hand, list[StoredChange]]
    counts: dict[str, tuple[int, datetime]]
    touched: dict[int, StoredChange] = field(default_factory=dict)
    begun: set[int] = field(default_factory=set)
    gathered: dict[int, datetime] = field(default_factory=dict)

    def place(
        self, edit: ItemEdit, said: Utterance
    ) -> tuple[StoredChange, bool] | None:
        """The change that says this, and whether it is news; None: there is nothing.

        What was said before is found again, so that whoever hears of it only by this
        event is told by the same card.
        """
        hand = (edit.key, edit.operator)
        mine = self.by_hand.setdefault(hand, [])
        heard = [*mine, *self._of_nobody(edit)]
        fresh = unsaid([u for each in heard for u in each.utterances], said)
        if fresh is None:
            telling = (each for each in heard if is_told(each.utterances, said))
            return next(((each, False) for each in telling), None)
        found = self._open(mine, fresh)
        if found is None:
            found = self._begin(edit, mine)
            mine.append(found)
        grown = found.saying(fresh)
        mine[mine.index(found)] = grown
        self.touched[grown.change_id] = grown
        return grown, True

    def _of_nobody(self, edit: ItemEdit) -> list[StoredChange]:
        """Changes of this item by whom nobody names: they may be by the same person.

        Who changed something is not known where an event was lost and TAPD was asked.
        """
        return [
            change
            for (key, operator), changes in self.by_hand.items()
            if key == edit.key and operator != edit.operator
            if not (operator and edit.operator)
            for change in changes
        ]

    def due_at(self, change: StoredChange) -> tuple[datetime, bool]:
        """When its card goes, and whether it is gathered with others until then."""
        due = self.now if change.first else change.closes_at
        bulk = self.gathered.get(change.change_id)
        return (due, False) if bulk is None else (max(due, bulk), True)

    def _open(
        self, mine: Sequence[StoredChange], said: Utterance
    ) -> StoredChange | None:
        """The change into which more may be said now."""
        for each in reversed(mine):
            if not each.first and each.closes_at > self.now:
                return each
            if each.change_id in self.begun and _at_once(each, said):
                return each
        return None

    def _begin(self, edit: ItemEdit, mine: Sequence[StoredChange]) -> StoredChange:
        window = next(
            (each for each in mine if each.first and each.closes_at > self.now), None
        )
        change = StoredChange(
            change_id=self.ids.pop(),
            kind=edit.kind,
            item_id=edit.item_id,
            operator=edit.operator,
            utterances=(),
            opened_at=self.now,
            closes_at=self.now + WINDOW if window is None else window.closes_at,
            first=window is None,
        )
        self.begun.add(change.change_id)
        number, since = self.counts.get(edit.operator, (0, self.now))
        self.counts[edit.operator] = (number + 1, since)
        if number >= _BULK_ITEMS and edit.operator:
            self.gathered[change.change_id] = since + _MINUTE
        return change


def tell(
    connection: Connection,
    company_id: CompanyId,
    letters: Sequence[Letter],
    *,
    company: CompanyItems,
    keyring: Keyring,
    may_ask: bool,
) -> Telling:
    """Write down what these letters tell, and queue cards; the caller settles them.

    Shape: `may_ask`: TAPD can be asked who an unknown nick is.
    Repeats: an edit that was told is not told again, whatever event repeats it.
    Raises: SealBroken.
    """
    ordered = sorted(letters, key=lambda each: (*order_of(each.edit), each.mail_id))
    keys = sorted({each.edit.key for each in ordered})
    remembered = states.find_states(connection, company_id, keys, keyring=keyring)
    ledger = _open_ledger(connection, company_id, ordered, keys, keyring)
    odd = people.list_odd_nicks(connection, company_id)
    known = _known_mentions(connection, company_id, ordered)
    outcomes, placed = _place(ordered, remembered, ledger, odd, known)
    states.keep_states(connection, company_id, remembered, keyring=keyring)
    if ledger.touched:
        changes.keep_changes(
            connection, company_id, list(ledger.touched.values()), keyring=keyring
        )
    concerns = _concerns(connection, company_id, placed, ledger, company, may_ask)
    corps = told.note_concerns(connection, company_id, concerns)
    return Telling(
        outcomes=outcomes,
        corps=corps,
        unknown_nicks=any(each.waits for each in concerns),
    )


def _open_ledger(
    connection: Connection,
    company_id: CompanyId,
    letters: Sequence[Letter],
    keys: Sequence[ItemKey],
    keyring: Keyring,
) -> _Ledger:
    recent = changes.lock_recent(connection, company_id, keys, keyring=keyring)
    by_hand: dict[_Hand, list[StoredChange]] = {}
    for each in recent:
        hand = ((each.kind, each.item_id), each.operator)
        by_hand.setdefault(hand, []).append(each)
    operators = {each.edit.operator for each in letters}
    return _Ledger(
        # Only now: whoever made cards of these changes has done so.
        now=schedule.get_now(connection),
        ids=changes.take_ids(connection, len(letters))[::-1],
        by_hand=by_hand,
        counts=changes.count_recent(connection, company_id, operators),
    )


def _place(
    letters: Sequence[Letter],
    remembered: dict[ItemKey, ItemState],
    ledger: _Ledger,
    odd: frozenset[str],
    known: frozenset[str],
) -> tuple[dict[int, Outcome], list[_Placed]]:
    outcomes: dict[int, Outcome] = {}
    placed: list[_Placed] = []
    for each in letters:
        state = remembered.get(each.edit.key)
        edit = each.edit.changing(state)
        remembered[edit.key] = learn(state, edit)
        found = ledger.place(edit, utter(edit, state))
        if found is None:
            outcomes[each.mail_id] = NOTHING
            continue
        change, is_news = found
        roles = roles_of(
            fields_before(state, edit),
            fields_after(state, edit),
            mentioned=mentioned(edit.comment, known),
            odd=odd,
        )
        outcomes[each.mail_id] = TOLD if is_news else REPEATED
        if not roles:
            outcomes[each.mail_id] = NOBODY
        placed.append(
            _Placed(letter=each.but(edit), change_id=change.change_id, roles=roles)
        )
    return outcomes, placed


def _concerns(
    connection: Connection,
    company_id: CompanyId,
    placed: Sequence[_Placed],
    ledger: _Ledger,
    company: CompanyItems,
    may_ask: bool,
) -> list[Concern]:
    nicks = {nick for each in placed for nick in each.roles}
    nicks |= {each.letter.edit.operator for each in placed}
    who = people.find_people(
        connection, company_id, sorted(nicks), default=company.default
    )
    return [
        concern
        for each in placed
        for concern in _of_edit(each, who, ledger, company, may_ask)
    ]


def _of_edit(
    placed: _Placed,
    who: Mapping[str, ItemPerson],
    ledger: _Ledger,
    company: CompanyItems,
    may_ask: bool,
) -> Iterable[Concern]:
    edit, roles = placed.letter.edit, placed.roles
    nobody_owns = rule_of_tapd(edit.kind, edit.action, roles)
    operator = who[edit.operator]
    due_at, gathered = ledger.due_at(_change(ledger, edit, placed.change_id))
    for nick, theirs in roles.items():
        person = who[nick]
        same = person.account_id is not None and (
            person.account_id == operator.account_id
        )
        unsent = why_unsent(
            person,
            theirs,
            kind=edit.kind,
            item_id=edit.item_id,
            action=edit.action,
            by_operator=same or nick == edit.operator,
            nobody_owns=nobody_owns,
            company_on=company.is_on,
        )
        waits = may_ask and unsent is Unsent.UNKNOWN_NICK
        yield Concern(
            mail_id=placed.letter.mail_id,
            event_id=edit.event_id or str(placed.letter.mail_id),
            event=edit.event,
            kind=edit.kind,
            item_id=edit.item_id,
            change_id=placed.change_id,
            nick=nick,
            roles=theirs,
            role=role_to_tell(theirs, person.wants.roles),
            account_id=person.account_id,
            corp_pk=person.corp_pk,
            member_pk=person.member_pk,
            unsent=None if waits else unsent,
            waits=waits,
            due_at=due_at,
            gathered=gathered,
        )


def _change(ledger: _Ledger, edit: ItemEdit, change_id: int) -> StoredChange:
    return next(
        each
        for (key, _), changes in ledger.by_hand.items()
        if key == edit.key
        for each in changes
        if each.change_id == change_id
    )


def _known_mentions(
    connection: Connection, company_id: CompanyId, letters: Sequence[Letter]
) -> frozenset[str]:
    possible = {
        nick
        for each in letters
        for choices in possible_nicks(each.edit.comment)
        for nick in choices
    }
    if not possible:
        return frozenset()
    return people.list_known(connection, company_id, possible)


def _at_once(change: StoredChange, said: Utterance) -> bool:
    """Whether two events of one claim are of one moment, and so of one edit."""
    first = change.utterances[0].at if change.utterances else None
    if first is None or said.at is None:
        return first is said.at
    return abs(first - said.at) < SAME_EDIT / 2
