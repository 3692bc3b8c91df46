"""Finds out what a batch of contact mail means, and which of its keys have to wait."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from domain.events.fold import FoldedMail, Mail, fold
from domain.events.hints import hint_from_json
from domain.events.spelling import Spellings, spelt_hint, spelt_key, spelt_scope
from domain.ids import Key, Userid, split_key
from store.database import Connection
from store.events import subjects
from store.events.subjects import MailSubject
from store.inbox.claims import ClaimedBatch, ClaimedMail
from store.org.corps import Corp
from wecom.errors import OddAnswer, Unavailable
from workers.answers.logged import LoggedApi
from workers.answers.questions import Inquiry
from workers.answers.spelling import SpellingApi
from workers.calls.retry import PatientApi
from workers.events.found import Found, Unanswered
from workers.events.investigate import MOST_QUESTIONS, investigate
from workers.events.known_org import KnownOrg
from workers.events.late_answers import LateAnswers
from workers.runtime import Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOutcome:
    """What a batch came to.

    Shape: `corp` and `taken` as WeCom spells people, `learnt` what is new of that;
        `aside` are keys that have to wait by themselves; `known` is what was stored.
    """

    corp: Corp
    known: KnownOrg
    taken: list[ClaimedMail]
    batch: FoldedMail
    found: Found
    late: LateAnswers
    aside: dict[Key, Unavailable]
    learnt: Spellings


def find_out(
    runtime: Runtime,
    corp: Corp,
    claim: ClaimedBatch,
    taken: list[ClaimedMail],
    known: KnownOrg,
) -> BatchOutcome:
    """What the mail means, the keys apart that have to wait by themselves.

    Raises: NeedsRun; errors of WeCom when nothing at all could be found out.
    """
    api = SpellingApi(PatientApi(LoggedApi(runtime.corp_api(corp))), corp.spellings)
    inquiry = Inquiry(
        api,
        at_once=runtime.lanes.of(corp.corp_id),
        troubled={Key(each.key) for each in taken if each.troubles},
    )
    aside: dict[Key, Unavailable] = {}
    while True:
        taken = _spelt(taken, api.spellings)
        mail = [mail_of(each, api.spellings) for each in taken if each.key not in aside]
        batch = _fold(mail, known)
        asked = {each.event_id: each.late_asks for each in taken}
        late = LateAnswers(runtime.pool, claim.mailbox, batch, late_asks=asked)
        learnt = dict(api.learnt)
        try:
            found = investigate(
                runtime.pool, corp, batch, inquiry=inquiry, late=late, known=known
            )
        except Unanswered as unanswered:
            further = _those_aside(taken, batch, aside, unanswered)
            inquiry.set_aside(further)
            aside |= further
            continue
        if api.learnt == learnt:
            return BatchOutcome(
                corp=corp, known=known, taken=taken, batch=batch, found=found,
                late=late, aside=aside, learnt=api.learnt,
            )  # fmt: skip
        # Once more, with everybody as WeCom spells them: nobody is asked twice.
        corp = replace(
            corp,
            spellings=dict(api.spellings),
            scope=spelt_scope(corp.scope, api.spellings),
        )


def _spelt(taken: list[ClaimedMail], spellings: Spellings) -> list[ClaimedMail]:
    """The mail, about people as WeCom spells them."""
    if not spellings:
        return taken
    return [replace(each, key=spelt_key(Key(each.key), spellings)) for each in taken]


def _those_aside(
    taken: Sequence[ClaimedMail],
    batch: FoldedMail,
    aside: Mapping[Key, Unavailable],
    unanswered: Unanswered,
) -> dict[Key, Unavailable]:
    """Further keys that wait by themselves, so that the others go on.

    Raises: Unavailable when there are no others, or none of these keys is known.
    """
    keys = unanswered.keys & batch.newest.keys()
    others = {each.key for each in taken} - keys - aside.keys()
    alone = isinstance(unanswered.error, OddAnswer)
    if not keys or not (others or alone):
        raise unanswered.error
    return dict.fromkeys(keys, unanswered.error)


def _fold(mail: Sequence[Mail], known: KnownOrg) -> FoldedMail:
    """The mail by key, with what was said before and has settled nothing."""
    batch, heard = fold(mail), 0
    # Who was called so before may have been called otherwise before that.
    while len(kept := known.testimony_of(batch.members)) > heard:
        batch, heard = fold(mail, kept=kept), len(kept)
    return batch


def look_up(
    connection: Connection,
    runtime: Runtime,
    subject: MailSubject,
    rows: Sequence[ClaimedMail],
) -> KnownOrg:
    """What the store knows of whom the mail is about, read here as far as it is not."""
    corp = subject.corp
    known = KnownOrg(runtime.pool, corp, runtime.known_trees)
    keys = {spelt_key(Key(each.key), corp.spellings) for each in first_keys(rows)}
    known.read_ahead(connection, subject, people_in(keys))
    return known


def find_subject(
    connection: Connection, corp_id: str, rows: Sequence[ClaimedMail]
) -> MailSubject | None:
    """The corp that the mail is about, with those whom its first keys name."""
    people = people_in(Key(each.key) for each in first_keys(rows))
    return subjects.find_live(connection, corp_id, people)


def first_keys(rows: Sequence[ClaimedMail]) -> list[ClaimedMail]:
    keys = set(islice(dict.fromkeys(each.key for each in rows), MOST_QUESTIONS))
    return [each for each in rows if each.key in keys]


def mail_of(row: ClaimedMail, spellings: Spellings) -> Mail:
    return Mail(
        event_id=row.event_id,
        kind=row.kind,
        change=row.change,
        key=Key(row.key),
        sent_at=row.sent_at,
        received_at=row.received_at,
        hint=spelt_hint(hint_from_json(row.hint), spellings),
    )


def people_in(keys: Iterable[Key]) -> set[Userid]:
    """The people among these keys."""
    named = (split_key(each) for each in keys if ":" in each)
    return {Userid(name) for kind, name in named if kind == "member"}
