"""What was said of people and departments that no drain has settled before a run."""

from collections.abc import Collection, Mapping, Sequence

from domain.events.event_testimony import person_is_late
from domain.events.fold import FoldedMail, Mail, fold
from domain.events.lateness import AnswerSight, department_is_late, tag_is_late
from domain.events.spelling import spelt_tag
from domain.ids import (
    DepartmentId,
    Key,
    Userid,
    department_key,
    member_key,
    tag_key,
)
from domain.org.org import Department, Member
from domain.org.scope import Tags
from store.database import Pool, glance
from store.inbox import settlement, testimony
from store.org import corps, departments
from store.org.corps import Corp
from workers.answers.still_said import still_said


class Unsettled:
    """The mail that waits in a corp's mailbox, and what was kept of older mail.

    Shape: nothing is, before the first full read: that read answers it.
    """

    def __init__(self, pool: Pool, corp: Corp) -> None:
        self._pool = pool
        self._corp = corp

    def said_of(self, people: Collection[Userid]) -> FoldedMail:
        """All that is said of these people, and of whoever they may be called now.

        Shape: the waiting mail, beside which the kept one testifies.
        """
        known, wanted = set[Userid](), set(people)
        waiting: list[Mail] = []
        kept: dict[int, Mail] = {}
        while wanted - known:
            new = wanted - known
            with glance(self._pool) as connection:
                waiting += testimony.list_waiting(
                    connection, self._corp.mailbox, [member_key(each) for each in new]
                )
                heard = testimony.list_kept(connection, self._corp.corp_pk, new)
            kept |= {each.event_id: each for each in heard}
            known |= new
            claimed = (each.hint.new_userid for each in (*waiting, *kept.values()))
            wanted |= {each for each in claimed if each is not None}
        return fold(waiting, kept=kept.values())

    def people(self) -> frozenset[Userid]:
        """Of whom something is remembered."""
        with glance(self._pool) as connection:
            return testimony.list_people(connection, self._corp.corp_pk)

    def still_said(self, batch: FoldedMail, people: Collection[Userid]) -> FoldedMail:
        """The mail without what newer mail about these has outdated."""
        return still_said(self._pool, self._corp.mailbox, batch, people)

    def late_people(
        self,
        people: Collection[Userid],
        *,
        answers: Mapping[Userid, Member],
        sight: AnswerSight,
    ) -> frozenset[Userid]:
        """Those about whom mail waits that these answers contradict.

        Nothing of them is applied: the mail asks again.
        """
        if self._corp.last_synced_at is None:
            return frozenset()
        with glance(self._pool) as connection:
            waiting = testimony.list_waiting(
                connection, self._corp.mailbox, [member_key(each) for each in people]
            )
        if not waiting:
            return frozenset()
        batch = self.said_of(people)
        late = {
            key
            for key, latest in batch.latest.items()
            if latest[0].userid in people
            and person_is_late(
                latest,
                said=batch.said[latest[0].userid],
                answers=answers,
                sight=sight,
                claims=batch.claims,
                is_former=False,
                is_known=True,
            )
        }
        late = self._newer(late, batch)
        return frozenset(batch.newest[each].userid for each in late)

    def without_late(self, listed: Sequence[Department]) -> list[Department]:
        """The listing, with departments as we know them about which it is too old."""
        if self._corp.last_synced_at is None:
            return [*listed]
        with glance(self._pool) as connection:
            batch = fold(
                testimony.list_waiting_departments(connection, self._corp.mailbox)
            )
        shown = {each.department_id: each for each in listed}
        mode = self._corp.scope.auth_mode
        late = {
            key
            for key, latest in batch.latest.items()
            if department_is_late(latest, listed=shown, auth_mode=mode)
        }
        late = self._newer(late, batch)
        if not late:
            return [*listed]
        with glance(self._pool) as connection:
            stored = departments.list_all(connection, self._corp.corp_pk)
        return [
            *(each for each in listed if _key(each.department_id) not in late),
            *(each for each in stored if _key(each.department_id) in late),
        ]

    def tags_in_time(self, tags: Tags) -> Tags:
        """The tags, with those as we know them of which the read is too old."""
        if self._corp.last_synced_at is None:
            return tags
        with glance(self._pool) as connection:
            waiting = testimony.list_waiting(
                connection, self._corp.mailbox, [tag_key(each) for each in tags]
            )
        if not waiting:
            return tags
        batch = fold(waiting)
        late = {
            each
            for each, tag in tags.items()
            if tag_is_late(batch.latest.get(tag_key(each), ()), tag=tag)
        }
        newer = self._newer([tag_key(each) for each in late], batch)
        if not newer:
            return tags
        with glance(self._pool) as connection:
            stored = corps.list_tags(connection, self._corp.corp_pk)
        return {
            each: spelt_tag(stored.get(each, tag), self._corp.spellings)
            if tag_key(each) in newer
            else tag
            for each, tag in tags.items()
        }

    def _newer(self, keys: Collection[Key], batch: FoldedMail) -> set[Key]:
        """Those of which no newer mail was settled: its answer is the right one."""
        if not keys:
            return set()
        with glance(self._pool) as connection:
            settled = settlement.newest_settled(connection, self._corp.mailbox, keys)
        return {
            each
            for each in keys
            if each not in settled or settled[each] <= batch.newest[each].second
        }


def _key(department_id: DepartmentId) -> Key:
    return department_key(department_id)
