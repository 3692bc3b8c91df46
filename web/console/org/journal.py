"""A corp's journal as people read it: what happened to many at once is one line."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from store.database import Connection
from store.org.journal import JournalLine
from store.summaries.org.departments import list_names as department_names
from store.summaries.org.journal import (
    count_of_run,
    find_data_key,
    list_latest,
)
from store.summaries.org.members import list_names as member_names
from web.console.words import Names, Sentence, mentioned, sentence
from web.http.texts import count as count_words
from web.http.texts import translate
from web.org.corps import FoundCorp
from web.services import services

JOURNAL_LINES = 200
# So many groups are shown, and so many lines of one that is opened.
MOST_GROUPS = 25
MOST_OF_GROUP = 10
_TOLD_ALONE = 2
_COUNTED_MOST = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LineGroup:
    """Lines that are one thing: the same decision for the same cause.

    Shape: `text` and `why` say it of all; `lines` are the first of them.
    """

    key: str
    at: datetime
    text: str
    why: str
    count: int
    lines: tuple[Sentence, ...]
    run_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalView:
    """The newest groups, newest first, and how many lines were looked at."""

    groups: tuple[LineGroup, ...]
    read: int


def view_journal(
    connection: Connection, corp: FoundCorp, *, key: str | None = None
) -> JournalView:
    """The newest journal lines of a corp, or about one key of it."""
    data_key = find_data_key(connection, corp.corp_pk, keyring=services().keyring)
    lines = list_latest(
        connection, corp.corp_pk, limit=JOURNAL_LINES, data_key=data_key, key=key
    )
    grouped = _grouped(lines)[:MOST_GROUPS]
    shown = [line for each in grouped for line in each[:MOST_OF_GROUP]]
    departments, userids = mentioned(shown)
    names = Names(
        departments=department_names(connection, corp.corp_pk, departments),
        members=member_names(connection, corp.corp_pk, userids),
    )
    whole = _count_cut_off(connection, corp, lines) if key is None else {}
    return JournalView(
        groups=tuple(
            _group(each, names, count=whole.get(_cause(each[0]), len(each)))
            for each in grouped
        ),
        read=len(lines),
    )


def _count_cut_off(
    connection: Connection, corp: FoundCorp, lines: Sequence[JournalLine]
) -> dict[tuple[str, ...], int]:
    """How large the groups of a run are of which just the newest lines were read.

    Shape: nothing where the run has written too many to count for a page.
    """
    run_id = lines[-1].run_id if len(lines) == JOURNAL_LINES else None
    if run_id is None:
        return {}
    counted = count_of_run(connection, corp.corp_pk, run_id, limit=_COUNTED_MOST)
    return {
        (each.decision, each.cause, run_id, each.reason, ""): each.count
        for each in counted
    }


def _grouped(lines: Iterable[JournalLine]) -> list[list[JournalLine]]:
    """Newest first; a run writes kinds by turns, and each kind of it is one group."""
    groups: dict[tuple[str, ...], list[JournalLine]] = {}
    for place, (cause, stretch) in enumerate(groupby(lines, key=_cause)):
        apart = () if cause[2] else (str(place),)
        groups.setdefault((*cause, *apart), []).extend(stretch)
    return list(groups.values())


def _cause(line: JournalLine) -> tuple[str, ...]:
    """What lines of one group have in common; single events stay by themselves."""
    alone = "" if line.run_id else f"{line.at:%Y-%m-%dT%H:%M}"
    return (line.decision, line.cause, line.run_id or "", line.reason, alone)


def _group(lines: Sequence[JournalLine], names: Names, *, count: int) -> LineGroup:
    first = lines[0]
    told = tuple(_sentences(lines[:MOST_OF_GROUP], names))
    is_alone = count <= _TOLD_ALONE
    text = (
        translate("journal.and_also").join(each.text for each in told)
        if is_alone
        else count_words(f"decided.{first.decision}", count)
    )
    parts = [told[0].cause, told[0].reason]
    return LineGroup(
        key=f"line:{lines[-1].line_id}",
        at=first.at,
        text=text,
        why=" · ".join(part for part in parts if part),
        count=count,
        lines=() if is_alone else told,
        run_id=first.run_id,
    )


def _sentences(lines: Iterable[JournalLine], names: Names) -> Iterable[Sentence]:
    return (sentence(line, names) for line in lines)
