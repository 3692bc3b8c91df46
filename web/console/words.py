"""Journal lines in plain words: who, what, from where to where, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeGuard

from domain.decisions import DecisionName, Fields, Json
from domain.grouping import StepGroup
from domain.ids import Key, split_key
from domain.links.links import LinkReason
from domain.reasons import Reason
from store.org.journal import JournalLine
from store.summaries.mail.waits import WaitSummary
from store.summaries.org.corps import PURGED, CorpSummary
from texts.catalogue import catalogue, say
from web.console.zone import zone
from web.http.texts import language, set_apart, translate

# The one field that a sentence about a decision compares before and after.
_FIELD = {
    DecisionName.ADD_MEMBER: "departments",
    DecisionName.RESTORE_MEMBER: "departments",
    DecisionName.RENAME_USERID: "userid",
    DecisionName.RENAME_MEMBER: "name",
    DecisionName.MOVE_MEMBER: "departments",
    DecisionName.SET_MAIN: "main_department",
    DecisionName.SET_LEADS: "leads",
    DecisionName.SET_DIRECT_LEADER: "direct_leaders",
    DecisionName.ADD_DEPARTMENT: "parent_id",
    DecisionName.MOVE_DEPARTMENT: "parent_id",
    DecisionName.RENAME_DEPARTMENT: "name",
}
_DEPARTMENT_FIELDS = {"departments", "main_department", "leads", "parent_id"}
_LEADERS = "direct_leaders"
_GROUNDS = "grounds"
# Fields of which the catalogues have a word for each value.
_STATE_WORDS = {"activation": "activation.", "employment": "employment."}
_REASONS = {reason.value for reason in (*Reason, *LinkReason)}
_SHOWN_HEX = 8
_CAUSES = {"mail", "run", "operator"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The visible names of what the lines are about."""

    departments: Mapping[int, str]
    members: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One line as people read it."""

    line_id: int
    at: datetime
    kind: str
    text: str
    reason: str
    cause: str


def sentence(line: JournalLine, names: Names) -> Sentence:
    """A journal line in the language of this request."""
    tag = language()
    return Sentence(
        line_id=line.line_id,
        at=line.at,
        kind=split_key(Key(line.key))[0],
        text=describe(line, names, tag=tag),
        reason=why(line.decision, line.reason, tag=tag),
        cause=say(tag, f"cause.{line.cause}") if line.cause in _CAUSES else line.cause,
    )


def why(decision: str, reason: str, *, tag: str) -> str:
    """Why it was decided: a success is not told in the words of a failure."""
    own = f"reason_of.{decision}.{reason}"
    if own in catalogue(tag):
        return say(tag, own)
    return say(tag, f"reason.{reason}") if reason in _REASONS else ""


def describe(line: JournalLine, names: Names, *, tag: str) -> str:
    """What happened, in a language."""
    who = _who(line, names, tag)
    return _say(line.decision, line.before, line.after, who, names, tag)


def describe_group(group: StepGroup, names: Names, *, tag: str) -> str:
    """What would happen to all of a group, in a language."""
    who = _who_of(group, names, tag)
    forms = ("many",) if group.count > 1 else ()
    told = [
        _say(each, group.before, group.after, who, names, tag, forms=forms)
        for each in group.names
    ]
    return say(tag, "plan.then").join(told)


def _say(
    name: str,
    before: Fields,
    after: Fields,
    who: str,
    names: Names,
    tag: str,
    *,
    forms: tuple[str, ...] = (),
) -> str:
    decision = DecisionName(name)
    field = _FIELD.get(decision, "")
    old = value_words(before.get(field), field, names, tag)
    new = value_words(after.get(field), field, names, tag)
    key = f"journal.{decision.value}"
    wanted = forms if new else (*forms, "bare")
    special = [f"{key}.{each}" for each in wanted if f"{key}.{each}" in catalogue(tag)]
    nothing = say(tag, "journal.nothing")
    phrase = special[0] if special else key
    return say(tag, phrase, who=who, old=old or nothing, new=new or nothing)


def corp_title(corp: CorpSummary) -> object:
    """The corp's name, else its id; a purged id is cut, for nobody can read it."""
    if corp.corp_id.startswith(PURGED):
        return translate("corps.purged", id=corp.corp_id[len(PURGED) :][:_SHOWN_HEX])
    return set_apart(corp.name or corp.corp_id)


def local_time(moment: datetime) -> str:
    """A time as the operators' clocks show it."""
    return f"{moment.astimezone(zone()):%Y-%m-%d %H:%M:%S}"


def waiting_words(wait: WaitSummary) -> str:
    """What a corp's mail waits for, since when, and until when if that is known."""
    known = f"waits.for.{wait.waits_for}" in catalogue(language())
    what = translate(f"waits.for.{wait.waits_for if known else 'unknown'}")
    since = "-" if wait.since is None else local_time(wait.since)
    if wait.until is None:
        return translate("waits.open", what=what, since=since)
    return translate(
        "waits.until", what=what, since=since, until=local_time(wait.until)
    )


def mentioned(lines: list[JournalLine]) -> tuple[list[int], list[str]]:
    """The department ids and userids whose names these lines need."""
    departments: set[int] = set()
    members: set[str] = set()
    for line in lines:
        kind, name = split_key(Key(line.key))
        if kind == "department":
            departments.add(int(name))
        else:
            members.add(name)
        for fields in (line.before, line.after):
            for field in _DEPARTMENT_FIELDS:
                departments.update(i for i in _each(fields.get(field)) if _is_id(i))
            members.update(map(str, _each(fields.get(_LEADERS))))
    return sorted(departments), sorted(members)


def _who(line: JournalLine, names: Names, tag: str) -> str:
    kind, name = split_key(Key(line.key))
    told = line.after.get("name") or line.before.get("name")
    if kind == "department":
        known = names.departments.get(int(name)) or told
        # Its sentences say "department" already.
        return str(known or name)
    return str(names.members.get(name) or told or name)


def _who_of(group: StepGroup, names: Names, tag: str) -> str:
    kind, name = split_key(group.keys[0])
    if group.count > 1:
        return say(tag, f"plan.{kind}s", n=group.count)
    if kind == "department":
        known = names.departments.get(int(name))
        return known or name
    return names.members.get(name) or name


def value_words(raw: Json, field: str, names: Names, tag: str) -> str:
    """A field's value as people read it: departments and people by their names."""
    shown = [_one(each, field, names, tag) for each in _each(raw)]
    return say(tag, "journal.and").join(text for text in shown if text)


def _one(raw: Json, field: str, names: Names, tag: str) -> str:
    if field in _DEPARTMENT_FIELDS and isinstance(raw, int):
        if raw == 0:
            return ""
        return names.departments.get(raw) or say(tag, "journal.department", id=raw)
    if field == _LEADERS:
        return names.members.get(str(raw)) or str(raw)
    if field == _GROUNDS:
        return ground_words(str(raw), names, tag)
    begun = _STATE_WORDS.get(field)
    if begun is not None and f"{begun}{raw}" in catalogue(tag):
        return say(tag, f"{begun}{raw}")
    return str(raw)


def ground_words(ground: str, names: Names, tag: str) -> str:
    """By what somebody is in the scope; departments by their names."""
    kind, _, name = ground.partition(":")
    if f"person.ground.{kind}" not in catalogue(tag):
        return ground
    if kind == "department" and name.isdigit():
        name = names.departments.get(int(name)) or name
    return say(tag, f"person.ground.{kind}", id=name)


def _each(raw: Json) -> list[Json]:
    if raw is None or raw == "":
        return []
    return raw if isinstance(raw, list) else [raw]


def _is_id(value: Json) -> TypeGuard[int]:
    return isinstance(value, int) and value != 0
