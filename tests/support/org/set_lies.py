"""Histories in which sets are old, shrunken or torn while user/get tells the truth."""

from collections.abc import Iterable

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.support.org.histories import TAG, Company
from tests.support.org.pipeline import Bench, Tenant
from tests.support.wecom.fakes import Truth

SETS = ("auth_info", "departments", "list", "ids", "tag", "authorised")
_PICK = st.integers(0, 50)


class SetLies:
    """What a set of WeCom's may say wrongly, in one drain or one full read.

    Law: nobody whom the truth lets use the app leaves for what sets say.
    """

    bench: Bench
    tenant: Tenant
    company: Company

    @rule(old=st.sets(st.sampled_from(SETS), min_size=1), reads=st.booleans())
    def work_while_sets_are_old(self, old: set[str], reads: bool) -> None:
        """Some sets show the company as it was before its last change."""
        world = self.tenant.world
        world.stale = lambda question: question.partition(":")[0] in old
        self._work(reads)

    @rule(picks=st.lists(_PICK, min_size=1, max_size=4), reads=st.booleans())
    def work_while_sets_are_shrunken(self, picks: list[int], reads: bool) -> None:
        """Some sets lack some of those who are in them."""
        known = sorted(all_in_sets(self.tenant.world.truth), key=repr)
        self.tenant.world.left_out = {known[each % len(known)] for each in picks}
        self._work(reads)

    @rule(question=st.sampled_from(["list", "tag", "authorised"]), reads=st.booleans())
    def work_while_a_kind_of_set_is_empty(self, question: str, reads: bool) -> None:
        """Every set of a kind names nobody at all."""
        known = all_in_sets(self.tenant.world.truth)
        self.tenant.world.left_out = {
            each for each in known if each[0].partition(":")[0] == question
        }
        self._work(reads)

    def _work(self, reads: bool) -> None:
        """A drain or a turn at a full read; then WeCom tells the truth again.

        Two reads that agree are believed, where something explains that user/get
        answers: so each lie is told in one read.
        """
        before = self.active()
        try:
            if reads:
                self.bench.request_run(self.tenant)
            self._take_turn()
        finally:
            self.tenant.world.stale = lambda _: False
            self.tenant.world.left_out = set()
        assert not self.wrongly_gone(before)

    def active(self) -> dict[int, tuple[str, str | None]]:
        """Userid and person of each active record."""
        rows = self.bench.execute(
            "SELECT member_pk, userid, open_userid FROM members"
            " WHERE corp_pk = %s AND state = 'active'",
            self.tenant.corp_pk,
        )
        return {pk: (userid, person) for pk, userid, person in rows}

    def wrongly_gone(
        self, before: dict[int, tuple[str, str | None]]
    ) -> set[tuple[str, str | None]]:
        """Those of these who are records no more though the truth lets them use it.

        A userid is a name that goes from one to another (design.md §3): it has to be
        the same person's. Whoever bears another name by now, of which no event was
        heard, is refused or somebody else under the one that we know, and a list that
        lacks them is the second answer; they come back by their open_userid. Where
        none is told, nobody whose userid was ever another's can be told from them.
        """
        truth, after = self.tenant.world.truth, self.active()
        gone = {each for pk, each in before.items() if pk not in after}
        staying = {person for _, person in after.values()} - {None}
        usable = {
            (who, person.open_userid)
            for who, person in truth.people.items()
            if truth.grounds(who)
        }
        return {
            (userid, person)
            for userid, person in gone & usable
            if person not in staying
            and (person is not None or userid not in self.company.renamed)
        }

    def _take_turn(self) -> None:
        self.bench.make_due(self.tenant)
        for each in self.bench.open_runs(self.tenant):
            self.bench.work_on(each)
        if not self.bench.open_runs(self.tenant):
            self.bench.drain(self.tenant)


def all_in_sets(truth: Truth) -> set[tuple[str, int | str]]:
    """Each name in each set that WeCom would show."""
    named: set[tuple[str, int | str]] = set()
    holding = truth.tags[TAG]
    _name(named, f"tag:{TAG}", holding.userids)
    _name(named, f"tag:{TAG}", holding.departments)
    _name(named, "departments", truth.visible_departments)
    _name(named, "authorised", truth.authorised)
    _name(named, "auth_info", truth.allow_members)
    _name(named, "auth_info", truth.allow_departments)
    for who, person in truth.people.items():
        for place in person.departments:
            _name(named, f"list:{place}", [who])
    return named


def _name(
    named: set[tuple[str, int | str]], question: str, names: Iterable[int | str]
) -> None:
    named.update((question, each) for each in names)
