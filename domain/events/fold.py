"""Many events, few keys: what a drain asks WeCom, and which mail the answers settle."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from domain.events.hints import NO_HINT, Hint
from domain.ids import (
    CORP_KEY,
    DepartmentId,
    Key,
    OpenUserid,
    TagId,
    Userid,
    split_key,
)
from domain.org.org import Activation

CHANGE_CONTACT = "change_contact"
CREATE_PARTY = "create_party"
CREATE_USER = "create_user"
DELETE_PARTY = "delete_party"
DELETE_USER = "delete_user"
SUBSCRIBE = "subscribe"
UNSUBSCRIBE = "unsubscribe"

# What only says where to look; any other mail carries something of its own.
_HINTING = frozenset({CHANGE_CONTACT, SUBSCRIBE, UNSUBSCRIBE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One claimed row of the inbox, without its body.

    Shape: `sent_at` in whole seconds, None for internal mail.
    """

    event_id: int
    kind: str
    change: str | None
    key: Key
    sent_at: datetime | None
    received_at: datetime
    hint: Hint = NO_HINT

    @property
    def second(self) -> datetime:
        """When it was said: events have no finer time."""
        return (self.sent_at or self.received_at).replace(microsecond=0)

    @property
    def age(self) -> tuple[datetime, datetime, int]:
        """Sorts the newest last; in one second the later arrival is the newer."""
        return self.second, self.received_at, self.event_id

    @property
    def userid(self) -> Userid:
        """The person in its key."""
        return Userid(split_key(self.key)[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameClaim:
    """What an event says of a new userid: believed only when WeCom's answers agree.

    Shape: `open_userid` whose it is, where the event tells.
    """

    old: Userid
    new: Userid
    open_userid: OpenUserid | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldedMail:
    """What a drain's mail comes to.

    Shape: ids ascending, both ends of a claim among the members; `newest` the mail that
        stands for its key and `folded` every other one by event id, to the one that
        stands for it; `latest` all mail of a key's newest second; `claims` newest
        first; `statuses` the newest that was said; `placeless` of whom the newest word
        on departments is that there is none; `others` mail that is no hint
        (internal, card clicks, notices to the app), oldest first, never folded;
        `said` all that was said of each person, kept mail too, oldest first;
        `relisted` departments of which mail of our own asks who is in them.
    """

    members: tuple[Userid, ...]
    departments: tuple[DepartmentId, ...]
    tags: tuple[TagId, ...]
    corp: bool
    newest: Mapping[Key, Mail]
    folded: Mapping[int, int]
    latest: Mapping[Key, tuple[Mail, ...]]
    claims: tuple[RenameClaim, ...]
    deleted: frozenset[Userid]
    unsubscribed: frozenset[Userid]
    statuses: Mapping[Userid, Activation]
    placeless: frozenset[Userid]
    others: tuple[Mail, ...]
    said: Mapping[Userid, tuple[Mail, ...]]
    relisted: frozenset[DepartmentId] = frozenset()

    def since(self, seconds: Mapping[Userid, datetime]) -> Self:
        """The same without what was said of people before these seconds."""
        if not seconds:
            return self
        said = {
            who: tuple(
                each
                for each in about
                if who not in seconds or each.second >= seconds[who]
            )
            for who, about in self.said.items()
        }
        spoken = [each for about in said.values() for each in about]
        return replace(
            self,
            said=said,
            deleted=_named(spoken, DELETE_USER),
            unsubscribed=_named(spoken, UNSUBSCRIBE),
            statuses=_statuses(spoken),
            placeless=_placeless(spoken),
        )


def fold(mail: Sequence[Mail], *, kept: Iterable[Mail] = ()) -> FoldedMail:
    """The keys to ask and what the mail says of them, in whatever order it came.

    Shape: `kept` was said before and settled nothing: it testifies beside the mail,
        and is neither asked about nor settled for its own sake.
    """
    ordered = sorted(mail, key=lambda each: each.age)
    hinting = [each for each in ordered if each.kind in _HINTING]
    fresh = {each.event_id for each in hinting}
    spoken = sorted(
        [*hinting, *(each for each in kept if each.event_id not in fresh)],
        key=lambda each: each.age,
    )
    by_key, told = _grouped(hinting), _grouped(spoken)
    claims = _claims(spoken)
    asked = _ids(by_key)
    touched = {end for claim in claims for end in (claim.old, claim.new)}
    return FoldedMail(
        members=tuple(sorted(touched.union(map(Userid, asked["member"])))),
        departments=tuple(
            sorted(DepartmentId(int(each)) for each in asked["department"])
        ),
        tags=tuple(sorted(TagId(int(each)) for each in asked["tag"])),
        corp=any(each.key == CORP_KEY for each in ordered),
        newest={key: about[-1] for key, about in by_key.items()},
        folded={
            each.event_id: about[-1].event_id
            for about in by_key.values()
            for each in about[:-1]
        },
        latest={
            key: _newest_second(told[key], of=about[-1])
            for key, about in by_key.items()
        },
        claims=claims,
        deleted=_named(spoken, DELETE_USER),
        unsubscribed=_named(spoken, UNSUBSCRIBE),
        statuses=_statuses(spoken),
        placeless=_placeless(spoken),
        others=tuple(each for each in ordered if each.kind not in _HINTING),
        said={
            about[0].userid: tuple(about)
            for key, about in told.items()
            if split_key(key)[0] == "member"
        },
        relisted=_relisted(hinting),
    )


def _relisted(hinting: Iterable[Mail]) -> frozenset[DepartmentId]:
    return frozenset(
        DepartmentId(int(split_key(each.key)[1]))
        for each in hinting
        if each.change is None and each.key.startswith("department:")
    )


def _claims(ordered: Iterable[Mail]) -> tuple[RenameClaim, ...]:
    claims = [
        RenameClaim(
            old=each.userid,
            new=each.hint.new_userid,
            open_userid=each.hint.open_userid,
        )
        for each in ordered
        if each.hint.new_userid is not None and each.hint.new_userid != each.userid
    ]
    return tuple(dict.fromkeys(reversed(claims)))


def _ids(keys: Iterable[Key]) -> defaultdict[str, set[str]]:
    """The ids among the keys, by what they are ids of."""
    ids: defaultdict[str, set[str]] = defaultdict(set)
    for key in keys:
        kind, name = split_key(key)
        ids[kind].add(name)
    return ids


def _grouped(mail: Iterable[Mail]) -> dict[Key, list[Mail]]:
    by_key: defaultdict[Key, list[Mail]] = defaultdict(list)
    for each in mail:
        by_key[each.key].append(each)
    return by_key


def _newest_second(told: Sequence[Mail], *, of: Mail) -> tuple[Mail, ...]:
    """All that was said of a key in the second of its newest mail."""
    return tuple(each for each in told if each.second == of.second)


def _named(spoken: Iterable[Mail], what: str) -> frozenset[Userid]:
    return frozenset(each.userid for each in spoken if what in (each.change, each.kind))


def _statuses(spoken: Iterable[Mail]) -> dict[Userid, Activation]:
    return {
        each.userid: each.hint.activation
        for each in spoken
        if each.hint.activation is not None
    }


def _placeless(spoken: Iterable[Mail]) -> frozenset[Userid]:
    said = {
        each.userid: each.hint.departments
        for each in spoken
        if each.hint.departments is not None
    }
    return frozenset(userid for userid, places in said.items() if not places)
