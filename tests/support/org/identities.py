"""A company whose people are told apart by who they are, and what is stored of them."""

from dataclasses import dataclass, replace
from typing import Any, Self

from tests.support.org.histories import TEAM, Company, company
from tests.support.org.pipeline import Bench, Event, Tenant, said
from tests.support.wecom.fakes import Person, Truth

CORP = "wpCorpA"
STRANGER = "oStranger"


@dataclass(slots=True, kw_only=True)
class Record:
    """One member as stored, with their link."""

    member_pk: int
    userid: str
    open_userid: str | None
    state: str
    removal: str | None
    link: str | None
    account_id: str | None


@dataclass(slots=True, kw_only=True)
class Known:
    """A linked corp whose people are in step, each linked by their mobile."""

    bench: Bench
    tenant: Tenant
    first_line: int = 0

    @classmethod
    def of(cls, bench: Bench, truth: Truth | None = None) -> Self:
        """A company where everybody's mobile is seen, read once."""
        truth = company() if truth is None else truth
        for number, (who, person) in enumerate(sorted(truth.people.items())):
            mobile = f"1380000{number:04}"
            truth.people[who] = replace(person, mobile=mobile)
        one = cls(bench=bench, tenant=bench.link_in_step(CORP, truth))
        one.look_from_here()
        return one

    @property
    def truth(self) -> Truth:
        """What WeCom holds; a test changes it."""
        return self.tenant.world.truth

    def look_from_here(self) -> None:
        """Let `lines` begin with what comes next."""
        [[last]] = self.bench.execute("SELECT max(line_id) FROM journal")
        self.first_line = last

    def replace_truth(self, after: Truth) -> None:
        """Let WeCom hold something else, and answer late with what it held."""
        world = self.tenant.world
        world.before, world.truth = world.truth.copy(), after

    def hand_on(
        self, userid: str, *, person: str = STRANGER, mobile: str | None = None
    ) -> None:
        """Somebody else gets a userid; whoever bore it is no more."""
        after = self.truth.copy()
        after.people[userid] = Person(
            open_userid=person, departments={TEAM: 0}, main=TEAM, mobile=mobile
        )
        self.replace_truth(after)

    def leave(self, userid: str) -> None:
        """Somebody is deleted; nobody is told."""
        after = self.truth.copy()
        del after.people[userid]
        self.replace_truth(after)

    def rename(self, old: str, new: str) -> list[Event]:
        """Somebody gets another userid; what WeCom tells of it."""
        world = Company(self.tenant.world)
        world.rename(old, new)
        return world.outbox

    def tell(self, *events: Event) -> None:
        """Post these and let everything come to rest."""
        for each in events:
            self.bench.post(self.tenant, each)
        self.bench.settle(self.tenant)

    def tell_late(self, *events: Event, about: str) -> None:
        """Post these while WeCom answers one question with what it held before."""
        for each in events:
            self.bench.post(self.tenant, each)
        self.tenant.world.stale = lambda question: question == about
        self.bench.drain(self.tenant)
        self.tenant.world.stale = lambda _: False

    def read(self) -> None:
        """A full read."""
        self.bench.resync(self.tenant)

    def records(self, userid: str | None = None) -> list[Record]:
        """Everybody as stored, or who bears or bore this userid, the oldest first."""
        names = "member_pk, userid, open_userid, members.state, removal"
        rows = self.bench.execute(
            f"SELECT {names}, links.state, account_id"  # noqa: S608 - constant names
            " FROM members LEFT JOIN links USING (corp_pk, member_pk)"
            " WHERE %s::text IS NULL OR userid = %s ORDER BY member_pk",
            userid,
            userid,
        )
        return [
            Record(
                member_pk=pk, userid=who, open_userid=person, state=state,
                removal=removal, link=link, account_id=account,
            )
            for pk, who, person, state, removal, link, account in rows
        ]  # fmt: skip

    def active(self, userid: str) -> Record:
        """Whoever bears it now."""
        [found] = [each for each in self.records(userid) if each.state == "active"]
        return found

    def removed(self, userid: str) -> Record:
        """The last to have borne it who is gone."""
        return [each for each in self.records(userid) if each.state == "removed"][-1]

    def lines(self) -> list[tuple[str, str, str]]:
        """Decision, key and reason of each journal line since `look_from_here`."""
        rows = self.bench.execute(
            "SELECT decision, key, reason FROM journal WHERE line_id > %s"
            " ORDER BY line_id",
            self.first_line,
        )
        return [(decision, key, reason) for decision, key, reason in rows]

    def outcomes(self) -> list[tuple[str, str | None]]:
        """State and outcome of the mail, as it arrived."""
        return self.bench.mail(self.tenant)

    def membership(self, account_id: str | None) -> Any:
        """Whether the account is in the company; None when it never was."""
        rows = self.bench.execute(
            "SELECT left_at IS NULL FROM memberships WHERE account_id = %s", account_id
        )
        return rows[0][0] if rows else None

    def assert_in_step(self) -> None:
        """The org is the truth, and so is what the journal makes out of nothing."""
        org = self.bench.org(self.tenant)
        assert org == self.truth.org()
        assert self.bench.replayed(self.tenant) == org


def deleted(userid: str, *, second: int = 1, **hint: Any) -> Event:
    """delete_user."""
    return said("delete_user", f"member:{userid}", second=second, **hint)


def created(userid: str, *, second: int = 2, **hint: Any) -> Event:
    """create_user."""
    hint = {"departments": [TEAM], **hint}
    return said("create_user", f"member:{userid}", second=second, **hint)


def unsubscribed(userid: str, *, second: int = 1) -> Event:
    """unsubscribe."""
    return said("unsubscribe", f"member:{userid}", second=second)


def renamed(old: str, new: str, *, second: int = 1, **hint: Any) -> Event:
    """update_user with NewUserID."""
    hint = {"new_userid": new, **hint}
    return said("update_user", f"member:{old}", second=second, **hint)
