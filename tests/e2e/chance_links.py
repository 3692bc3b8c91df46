"""Histories in which TAPD's side changes as well: accounts come, change and vanish."""

import itertools
from collections.abc import Sequence

from tests.e2e.chance import History, Step
from tests.e2e.installing import tell_accounts
from tests.e2e.office import Office
from tests.e2e.product import Row

ACCOUNTS = 30


class LinkHistory(History):
    """What befalls a company and the accounts that TAPD has of its people."""

    def __init__(self, office: Office, *, seed: int) -> None:
        self._mobiles = itertools.count(1)
        self._company_id = office.read()["company_id"]
        super().__init__(office, seed=seed)

    def _list_steps(self) -> Sequence[tuple[Step, int]]:
        return (
            *super()._list_steps(),
            (self._hire_with_details, 6),
            (self._tell_account, 14),
            (self._change_details, 6),
        )

    def hire_doubtful(self) -> None:
        """Newcomers of whom TAPD knows too little, and too much: ask, and decide."""
        place = self._new_number()
        details = {"mobile": f"173{place:08d}", "email": f"doubt{place}@example.com"}
        self._tell({"account_id": self._own_id("email"), "email": details["email"]})
        self._act("hire", departments=self._some_places(), **details)
        details = {"mobile": f"172{place:08d}", "email": f"twice{place}@example.com"}
        for each in ("one", "two"):
            mobile = details["mobile"]
            self._tell({"account_id": self._own_id(each), "mobile": mobile})
        self._act("hire", departments=self._some_places(), **details)

    def _hire_with_details(self) -> None:
        place = self._new_number()
        details = {"mobile": f"176{place:08d}", "email": f"new{place}@example.com"}
        if self._dice.random() < 0.7:
            # TAPD may know a newcomer before WeCom does.
            self._tell({**self._somebody_like(details), "account_id": self._id()})
        self._act("hire", departments=self._some_places(), **details)

    def _tell_account(self) -> None:
        person = self._dice.choice(self._people)
        self._tell({**self._somebody_like(person), "account_id": self._id()})

    def _change_details(self) -> None:
        place = self._new_number()
        changes = {"mobile": f"175{place:08d}", "email": f"now{place}@example.com"}
        name = self._dice.choice(sorted(changes))
        userid = self._dice.choice(self._people)["userid"]
        self._act("set-details", userid=userid, **{name: changes[name]})

    def _somebody_like(self, person: Row) -> Row:
        """Somebody in TAPD with some of a person's details, and some of their own."""
        place = self._new_number()
        mobiles = (person["mobile"] or None, f"174{place:08d}", None)
        emails = (person["email"] or None, f"other{place}@example.org", None)
        return {
            "mobile": self._dice.choice(mobiles),
            "email": self._dice.choice(emails),
        }

    def _own_id(self, name: str) -> str:
        return f"{self._company_id}:{name}"

    def _id(self) -> str:
        number = self._dice.randrange(ACCOUNTS)
        return f"{self._company_id}:{number}"

    def _tell(self, account: Row) -> None:
        tell_accounts(self._office.product, self._company_id, [account])

    def _new_number(self) -> int:
        return next(self._mobiles)
