"""Installs that begin on our own pages, as far as their store and WeCom go."""

from datetime import UTC, datetime, timedelta

from simulator.admin import admin_app
from simulator.org.corp import Corp as Enterprise
from simulator.org.directory import ROOT
from simulator.org.grant import Grant, Scope
from store.database import transaction
from store.installs import intents
from store.installs.intents import Intent
from tests.support.workbench import Workbench
from workers.inbox.drain import drain

COMPANY = "tapd-1"
WHOLE = Scope(allow_party=(ROOT,))


class Road:
    """The road of one wish: asked for, taken to WeCom, come back from there."""

    def __init__(self, bench: Workbench, intent_id: str) -> None:
        self._bench = bench
        self.intent_id = intent_id
        self.code = ""

    @property
    def intent(self) -> Intent:
        """The wish as it stands."""
        with transaction(self._bench.runtime.pool) as connection:
            intent = intents.find(connection, self.intent_id)
        assert intent is not None
        return intent

    @property
    def mailbox(self) -> str:
        """Where the code's mail waits."""
        return intents.mailbox_of(intents.hash_of(self.code))

    def go(self) -> None:
        """The wish is confirmed, and the browser at WeCom's page."""
        with transaction(self._bench.runtime.pool) as connection:
            intents.confirm(connection, self.intent_id, b"browser")

    def install(self, enterprise: Enterprise, scope: Scope = WHOLE) -> str:
        """The admin installs at WeCom's page; the code that comes back."""
        self.go()
        self.code = admin_app.install_by_redirect(
            self._bench.world,
            enterprise,
            grant=Grant(scope=scope),
            state=self.intent.state,
            quiet=True,
        )
        return self.code

    def come_back(self, code: str = "") -> bool:
        """The browser brings the code."""
        self.code = code or self.code
        runtime = self._bench.runtime
        with transaction(runtime.pool) as connection:
            return intents.bring_code(
                connection, runtime.keyring, intent_id=self.intent_id, code=self.code
            )

    def walk(self, enterprise: Enterprise, scope: Scope = WHOLE) -> tuple[str, str]:
        """The whole of it; how the install ended, and why."""
        self.install(enterprise, scope)
        self.come_back()
        drain(self._bench.runtime, self.mailbox)
        return self.ended()

    def go_on(self) -> tuple[str, str]:
        """Somebody presses the button that has the install decided once more."""
        with transaction(self._bench.runtime.pool) as connection:
            intents.resume(connection, intents.hash_of(self.code))
        drain(self._bench.runtime, self.mailbox)
        return self.ended()

    def ended(self) -> tuple[str, str]:
        """How the install stands, and why."""
        row = self._bench.row(
            "SELECT state, coalesce(reason, '') AS reason FROM installs"
            " WHERE code_hash = %s",
            intents.hash_of(self.code),
        )
        return row["state"], row["reason"]


def add_company(bench: Workbench, company_id: str = COMPANY) -> str:
    """A company that TAPD has."""
    bench.rows(
        "INSERT INTO companies (company_id, name, origin) VALUES (%s, %s, 'tapd')"
        " ON CONFLICT DO NOTHING",
        company_id,
        f"公司 {company_id}",
    )
    return company_id


def existing(bench: Workbench, company_id: str = COMPANY) -> Road:
    """A road of way 1."""
    add_company(bench, company_id)
    with transaction(bench.runtime.pool) as connection:
        intent_id = intents.make_for_company(
            connection, company_id=company_id, admin_account_id="admin-1"
        )
    return Road(bench, intent_id)


def new(bench: Workbench, edition: str = "professional") -> Road:
    """A road of way 2."""
    now = datetime.now(UTC)
    wish = intents.wish_for(
        edition,
        intent_id=intents.new_intent_id(),
        expires_at=now + timedelta(seconds=intents.LIFETIME_SECONDS),
        now=now,
    )
    with transaction(bench.runtime.pool) as connection:
        intents.keep_wish(connection, wish)
    return Road(bench, wish.intent_id)
