"""A company whose people are linked, TAPD that sends events, phones that show cards."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from domain.ids import CompanyId
from receiver.items import to_item_post
from simulator.events import Field
from simulator.org.corp import Corp as Enterprise
from simulator.org.corp import Message
from simulator.tokens import Paper
from store.database import transaction
from store.inbox.record import Recorded, record
from store.org.corps import Corp
from tapd.api import open_api
from tapd.item_events import CHINA
from tapd.webhooks import read_item_event
from tests.support.notices.outbox import never
from tests.support.workbench import Workbench
from workers.inbox.drain import drain
from workers.notices.deliver import deliver
from workers.runtime import Runtime

WORKSPACE = "48464494"
STORY = "1148464494001000276"
RUNTIME = fields(Runtime)
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=CHINA)


def at(second: int) -> str:
    """So many seconds past noon, as TAPD writes it."""
    moment = NOON + timedelta(seconds=second)
    return moment.strftime("%Y-%m-%d %H:%M:%S")


@dataclass(slots=True, kw_only=True)
class ItemOffice:
    """One corp whose members are linked to accounts, each nick being a userid's."""

    bench: Workbench
    enterprise: Enterprise
    corp: Corp
    nicks: list[str]
    userids: list[str]
    sent: int = 0
    events: list[bytes] = field(default_factory=list)

    @property
    def company_id(self) -> CompanyId:
        """The company."""
        assert self.corp.company_id is not None
        return self.corp.company_id

    @property
    def mailbox(self) -> str:
        """Where its item events lie."""
        return f"company:{self.company_id}"

    def event(self, kind: str, *, second: int = 0, **fields: Any) -> dict[str, Any]:
        """A flat event as TAPD sends it, the next one of its numbers."""
        self.sent += 1
        return {
            "event": kind,
            "event_from": "web",
            "workspace_id": WORKSPACE,
            "current_user": "操作者",
            "id": STORY,
            "secret": "s",
            "queue_id": str(281818417 + self.sent),
            "event_id": str(168601153 + self.sent),
            "created": at(second),
            **fields,
        }

    def send(self, event: Mapping[str, Any], *, form: bool = False) -> Recorded:
        """Have it arrive, proved, at the receiver's post."""
        body = urlencode(event) if form else json.dumps(event, ensure_ascii=False)
        return self.receive(body.encode())

    def receive(self, body: bytes) -> Recorded:
        """The same with any body."""
        post = to_item_post(
            read_item_event(body),
            company_id=self.company_id,
            keyring=self.bench.runtime.keyring,
        )
        with transaction(self.bench.runtime.pool) as connection:
            return record(connection, post)

    def follow(self) -> None:
        """Workers tell what has arrived."""
        drain(self.bench.runtime, self.mailbox)

    def calm(self) -> None:
        """The second passes in which a burst came."""
        for table in ("inbox", "identities"):
            self.bench.rows(
                f"UPDATE {table} SET received_at = received_at - interval '2 seconds'"  # noqa: S608 - names written above
            )

    def without_tapd(self) -> None:
        """We have no credentials of TAPD's."""
        values = {each.name: getattr(self.bench.runtime, each.name) for each in RUNTIME}
        self.bench.runtime = Runtime(**{**values, "tapd": None})

    def rest_tapd(self) -> None:
        """The pause is over for which TAPD asked."""
        values = {each.name: getattr(self.bench.runtime, each.name) for each in RUNTIME}
        tapd = self.bench.runtime.settings.tapd
        fresh = open_api(
            tapd.api_url, client_id=tapd.client_id, client_secret=tapd.client_secret
        )
        self.bench.runtime = Runtime(**{**values, "tapd": fresh})

    def deliver(self) -> None:
        """Workers send what is due, whatever the hour."""
        deliver(self.bench.runtime, self.corp.corp_pk, rush=never)

    def tell(self, *events: Mapping[str, Any]) -> None:
        """All of that at once."""
        for each in events:
            self.send(each)
        self.follow()
        self.deliver()

    def story(self, **fields: Any) -> None:
        """A story is known: somebody told of it long ago, and nobody was sent that."""
        told = {
            "name": "登录页重做",
            "creator": "操作者",
            "status": "planning",
            **fields,
        }
        self.send(self.event("story::create", second=-9_000, **told))
        self.follow()
        self.bench.rows("DELETE FROM item_notices")
        self.bench.rows("DELETE FROM notices")
        self.bench.rows("DELETE FROM item_changes")

    def wait(self, seconds: int) -> None:
        """Let so much time pass for everything that waits."""
        self.bench.rows(
            "UPDATE notices SET not_before = not_before - make_interval(secs => %s),"
            " tried_at = tried_at - make_interval(secs => %s)",
            seconds,
            seconds,
        )
        self.bench.rows(
            "UPDATE item_changes SET closes_at = closes_at - make_interval(secs => %s),"
            " opened_at = opened_at - make_interval(secs => %s)",
            seconds,
            seconds,
        )
        self.bench.rows("DELETE FROM pauses")
        self.bench.rows("UPDATE deliveries SET not_before = NULL")

    def press(self, nick: str, message: Message, key: str) -> None:
        """Somebody presses a button of a card; workers do what it says."""
        userid = self.userids[self.nicks.index(nick)]
        pressed: list[Field] = [
            ("EventKey", key),
            ("TaskId", str(message.sent["task_id"])),
            ("CardType", str(message.sent["card_type"])),
            ("ResponseCode", self._code(message)),
        ]
        self.bench.world.push_data(
            "template_card_menu_event",
            corp=self.enterprise,
            sender=userid,
            fields=pressed,
        )
        self.bench.deliver_and_drain()
        self.deliver()

    def _code(self, message: Message) -> str:
        return self.bench.world.papers.issue(
            Paper.RESPONSE_CODE,
            owner=self.enterprise.corp_id,
            message_id=message.message_id,
        ).value

    def phone(self, nick: str) -> list[Message]:
        """What somebody got, the oldest first."""
        userid = self.userids[self.nicks.index(nick)]
        return list(self.enterprise.phone(userid))

    def cards(self, nick: str) -> list[dict[str, Any]]:
        """The template cards among that, as they are shown."""
        return [each.shown for each in self.phone(nick)]

    def told(self) -> list[tuple[str, str, str | None]]:
        """Event, nick and what became of it, in order."""
        rows = self.bench.rows(
            "SELECT event, nick, role, coalesce(told.reason, notices.state) AS became"
            " FROM item_notices AS told LEFT JOIN notices"
            " ON notices.corp_pk = told.corp_pk"
            " AND notices.notice_id = told.notice_id ORDER BY mail_id, nick"
        )
        return [(row["event"], row["nick"], row["became"]) for row in rows]

    def outcomes(self) -> list[tuple[str, str]]:
        """State and outcome of each event, in the order of their arrival."""
        rows = self.bench.rows(
            "SELECT state, outcome FROM inbox WHERE mailbox = %s ORDER BY event_id",
            self.mailbox,
        )
        return [(row["state"], row["outcome"]) for row in rows]


def open_office(bench: Workbench, *nicks: str) -> ItemOffice:
    """A linked corp with one member for each nick, linked to the account of it."""
    enterprise = bench.found(members=len(nicks) + 1)
    corp = bench.link(enterprise)
    people = sorted(
        userid
        for userid, member in enterprise.now.members.items()
        if member.status.name == "ACTIVE"
    )[: len(nicks)]
    assert len(people) == len(nicks), "too few active people in the seed"
    for nick, userid in zip(nicks, people, strict=True):
        add_person(bench, corp, userid=userid, nick=nick)
    return ItemOffice(
        bench=bench, enterprise=enterprise, corp=corp, nicks=[*nicks], userids=people
    )


def add_person(bench: Workbench, corp: Corp, *, userid: str, nick: str) -> None:
    """A member who is linked to an account of this nick."""
    account = f"acc-{userid}"
    bench.rows("INSERT INTO accounts (account_id, nick) VALUES (%s, %s)", account, nick)
    bench.rows(
        "INSERT INTO memberships (company_id, account_id, origin)"
        " VALUES (%s, %s, 'tapd')",
        corp.company_id,
        account,
    )
    bench.rows(
        "INSERT INTO members (corp_pk, userid, activation, employment, grounds,"
        " department_ids, department_orders, fingerprint)"
        " VALUES (%s, %s, 'active', 'working', '{direct}', '{}', '{}', '')",
        corp.corp_pk,
        userid,
    )
    bench.rows(
        "INSERT INTO links (corp_pk, member_pk, company_id, state, reason, account_id)"
        " SELECT corp_pk, member_pk, %s, 'linked', 'proved', %s FROM members"
        " WHERE corp_pk = %s AND userid = %s",
        corp.company_id,
        account,
        corp.corp_pk,
        userid,
    )
