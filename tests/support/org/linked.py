"""Accounts beside a corp of the pipeline, and how its members are linked to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.ids import AccountId, CompanyId, MemberPk
from domain.links.accounts import AccountChange, AccountField
from domain.links.claims import ClaimKind
from store.links import accounts, link_claims
from store.links.link_claims import BY_MEMBER
from store.org import corps
from tests.support.org.histories import HOME, KEEPER, ROOT, Company
from tests.support.org.pipeline import Bench, Tenant
from tests.support.wecom.fakes import Person, Place, Truth

_LINK = (
    "SELECT links.state, reason, account_id FROM links"
    " JOIN members USING (corp_pk, member_pk)"
    " WHERE corp_pk = %s AND userid = %s AND members.state = 'active'"
)


def mobile(number: int) -> str:
    """One of many mobiles."""
    return f"1380000{number:04d}"


def people(**persons: Mapping[str, Any]) -> Truth:
    """A corp of these people besides the keeper, all of them in its department."""
    home = {"departments": {HOME: 0}, "main": HOME}
    return Truth(
        departments={ROOT: Place(parent=None), HOME: Place(parent=ROOT)},
        people={
            KEEPER: Person(open_userid="oKeeper", **home),  # type: ignore[arg-type]  # departments.
            **{
                userid: Person(open_userid=f"o{userid}", **home, **fields)  # type: ignore[arg-type]  # any field.
                for userid, fields in persons.items()
            },
        },
        allow_departments=frozenset({HOME}),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """One corp with accounts, and what a test does to both."""

    bench: Bench
    tenant: Tenant

    @classmethod
    def of(cls, bench: Bench, truth: Truth, *, origin: str = "tapd") -> "Matched":
        """The corp, linked and not read yet."""
        number = len(bench.execute("SELECT 1 FROM corps"))
        tenant = bench.link(f"wpCorp{number}", truth, origin=origin)
        return cls(bench=bench, tenant=tenant)

    @property
    def company_id(self) -> CompanyId:
        """The company of the corp."""
        return CompanyId(f"company of {self.tenant.world.corp_id}")

    @property
    def corp(self) -> Company:
        """The company in WeCom, to be changed."""
        return Company(self.tenant.world)

    def name(self, account_id: str, **fields: str | None) -> None:
        """TAPD's side names an account, and tells the corp's mailbox."""
        given = {AccountField(name): value for name, value in fields.items()}
        change = AccountChange(account_id=AccountId(account_id), given=given)
        with self.bench.own() as connection:
            accounts.upsert(connection, self.company_id, [change])
            link_claims.tell_accounts_changed(connection, self.company_id)

    def say(
        self,
        userid: str,
        kind: ClaimKind,
        account_id: str | None = None,
        *,
        said_by: str = BY_MEMBER,
    ) -> None:
        """Somebody says something about a member's link."""
        with self.bench.own() as connection:
            link_claims.state(
                connection,
                corps.get(connection, self.tenant.corp_pk),
                member_pk=self.pk(userid),
                kind=kind,
                account_id=None if account_id is None else AccountId(account_id),
                said_by=said_by,
            )

    def tell(self, changed: Company) -> None:
        """WeCom pushes what changed, and workers settle it."""
        for event in changed.outbox:
            self.bench.post(self.tenant, event)
        self.bench.settle(self.tenant)

    def settle(self) -> None:
        """Workers settle the mail."""
        self.bench.settle(self.tenant)

    def read(self) -> None:
        """A full read."""
        self.bench.resync(self.tenant)

    def pk(self, userid: str) -> MemberPk:
        """The newest member of this userid."""
        [[pk]] = self.bench.execute(
            "SELECT max(member_pk) FROM members WHERE corp_pk = %s AND userid = %s",
            self.tenant.corp_pk,
            userid,
        )
        return MemberPk(pk)

    def link(self, userid: str) -> tuple[str, str | None, str | None]:
        """State, reason and account of a member's link."""
        for state, reason, account_id in self.bench.execute(
            _LINK, self.tenant.corp_pk, userid
        ):
            return state, reason, account_id
        return "none", None, None

    def account_of(self, userid: str) -> str | None:
        """The account that a member is linked to."""
        return self.link(userid)[2]

    def membership(self, account_id: str) -> tuple[str, bool] | None:
        """The employment of an account's membership, and whether it lasts."""
        rows = self.bench.execute(
            "SELECT employment, left_at IS NULL FROM memberships"
            " WHERE company_id = %s AND account_id = %s",
            self.company_id,
            account_id,
        )
        return (rows[0][0], rows[0][1]) if rows else None

    def told(self, userid: str) -> list[tuple[str, str]]:
        """The decisions about a member's link with their reasons, as journalled."""
        rows = self.bench.execute(
            "SELECT decision, reason FROM journal WHERE corp_pk = %s AND key = %s"
            " AND decision = ANY(%s) ORDER BY line_id",
            self.tenant.corp_pk,
            f"member:{userid}",
            ["LinkAccount", "CreateAccount", "AskMember", "FlagConflict", "Unlink"],
        )
        return [(decision, reason) for decision, reason in rows]

    def written(self) -> list[tuple[Any, ...]]:
        """Every row about links with its place: any write changes it."""
        return [
            row
            for table in ("links", "journal", "memberships", "accounts", "lookups")
            for row in self.bench.execute(
                f"SELECT '{table}', ctid, xmin FROM {table} ORDER BY 2"  # noqa: S608 - constant names
            )
        ]
