"""TAPD's own state: companies, the people in them, and who is who."""

import itertools
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

FIRST_COMPANY, FIRST_ACCOUNT = 20_001_001, 1_000_000_001
# Roles that every company has (tapd.md 2.1).
ADMIN_ROLE, USER_ROLE = "1000000000000000002", "1000000000000000089"
WORKING, LEFT = "1", "2"
CHINA = timezone(timedelta(hours=8))


@dataclass(slots=True, kw_only=True)
class Account:
    """A person in TAPD, whatever company they are in.

    Shape: `third_parties` are pairs of a type, such as `qywx`, and an id there.
    """

    account_id: str
    nick: str
    name: str
    mobile: str = ""
    email: str = ""
    enabled: bool = True
    third_parties: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Membership:
    """A person in a company; the status is `1` working or `2` left."""

    joined: str
    admin: bool = False
    status: str = WORKING


@dataclass(slots=True, kw_only=True)
class Company:
    """A tenant of TAPD, and whether its admin installed our open app."""

    company_id: str
    name: str
    installed: bool = True
    people: dict[str, Membership] = field(default_factory=dict)

    @property
    def admins(self) -> list[str]:
        """Who may link the company with WeCom."""
        return [key for key, one in self.people.items() if one.admin]


class Tapd:
    """Everything TAPD knows; the world's lock guards it."""

    def __init__(self) -> None:
        self.companies: dict[str, Company] = {}
        self.accounts: dict[str, Account] = {}
        self._company_ids = itertools.count(FIRST_COMPANY)
        self._account_ids = itertools.count(FIRST_ACCOUNT)
        self._nicks: Counter[str] = Counter()

    def found(self, *, name: str, company_id: str = "") -> Company:
        """A company without anybody in it."""
        company = Company(
            company_id=company_id or str(next(self._company_ids)), name=name
        )
        self.companies[company.company_id] = company
        return company

    def register(self, **given: Any) -> Account:
        """A new account, or other details of the one with this id.

        Shape: `account_id`, `nick`, `name`, `mobile`, `email`; none is required.
        """
        account_id = str(given.pop("account_id", "") or next(self._account_ids))
        account = self.accounts.get(account_id)
        if account is None:
            nick = str(given.get("nick") or given.get("name") or f"tapd{account_id}")
            account = Account(account_id=account_id, nick=nick, name=nick)
            self.accounts[account_id] = account
        for name in given.keys() & {"nick", "name", "mobile", "email"}:
            value = str(given[name] or "")
            # Everybody has a nick and a name; contact details can be taken away.
            if value or name in ("mobile", "email"):
                setattr(account, name, value)
        return account

    def unused_nick(self, name: str) -> str:
        """The name, numbered from the second of that name on."""
        self._nicks[name] += 1
        number = self._nicks[name]
        return name if number == 1 else f"{name}{number}"

    def join(
        self, company: Company, account: Account, *, at: float, admin: bool = False
    ) -> Membership:
        """Make somebody a member of a company; working again if they had left."""
        membership = company.people.setdefault(
            account.account_id, Membership(joined=china_time(at))
        )
        membership.status = WORKING
        membership.admin = membership.admin or admin
        return membership

    def companies_of(self, account_id: str) -> list[Company]:
        """The companies that a person may enter."""
        return [
            one
            for one in self.companies.values()
            if account_id in one.people and one.people[account_id].status == WORKING
        ]

    def find_by_nick(self, company: Company, nick: str) -> Account | None:
        """The person of that nick in a company."""
        people = (self.accounts[one] for one in company.people)
        return next((one for one in people if one.nick == nick), None)


def china_time(at: float) -> str:
    """A time as TAPD writes it, without its zone."""
    return datetime.fromtimestamp(at, CHINA).strftime("%Y-%m-%d %H:%M:%S")
