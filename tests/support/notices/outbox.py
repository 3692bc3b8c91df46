"""Members with open questions, and phones on which to see what reached them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from domain.ids import CompanyId, MemberPk, RunId, Userid
from simulator.org.corp import Corp as Enterprise
from simulator.org.corp import Message
from store.database import transaction
from store.notices import notices as stored
from store.org.corps import Corp
from tests.support.workbench import Workbench
from wecom.corp import CorpClient as CorpApi
from wecom.errcodes import error_for
from wecom.errors import Refused
from wecom.wire import AdminRow, SendResult
from workers.calls.call_count import CallCount
from workers.notices.deliver import deliver
from workers.runs.run import work_on
from workers.runtime import Runtime


def never(_now: datetime) -> float:
    """No hour is full: tests do not wait for one to be over."""
    return 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A corp in step whose members can be asked."""

    bench: Workbench
    enterprise: Enterprise
    corp: Corp

    @property
    def userids(self) -> list[str]:
        """The corp's people whom a message can reach, the same order each time."""
        rows = self.bench.rows(
            "SELECT userid FROM members WHERE corp_pk = %s AND state = 'active'"
            " AND activation = 'active' ORDER BY userid",
            self.corp.corp_pk,
        )
        return [row["userid"] for row in rows]

    def ask(self, *userids: str, kind: str = "link") -> int:
        """Links become pending, and their notices are queued; how many."""
        self.link(*userids, state="pending", asks=kind)
        with transaction(self.bench.runtime.pool) as connection:
            return stored.queue_asked(
                connection,
                self.corp.corp_pk,
                self.corp.company_id or CompanyId(""),
                [Userid(each) for each in userids],
            )

    def link(self, *userids: str, state: str, asks: str | None = None) -> None:
        """The links of these members, as if a worker had decided so."""
        self.bench.rows(
            "INSERT INTO links (corp_pk, member_pk, company_id, state, asks, reason)"
            " SELECT corp_pk, member_pk, company_id, %s, %s, 'not_visible'"
            " FROM members JOIN corps USING (corp_pk)"
            " WHERE corp_pk = %s AND userid = ANY(%s) ON CONFLICT (corp_pk, member_pk)"
            " DO UPDATE SET state = excluded.state, asks = excluded.asks,"
            " account_id = NULL",
            state,
            asks,
            self.corp.corp_pk,
            list(userids),
        )

    def deliver(self) -> None:
        """One delivery, whatever the hour."""
        deliver(self.bench.runtime, self.corp.corp_pk, rush=never)

    def phone(self, userid: str) -> list[Message]:
        """What is on a member's phone."""
        return list(self.enterprise.phone(userid))

    def counts(self, userids: Sequence[str]) -> list[int]:
        """How many messages each of them got."""
        return [len(self.phone(each)) for each in userids]

    def states(self) -> list[tuple[str, str | None]]:
        """State and reason of each notice, in the order in which they were queued."""
        rows = self.bench.rows("SELECT state, reason FROM notices ORDER BY notice_id")
        return [(row["state"], row["reason"]) for row in rows]

    def batches(self) -> list[dict[str, Any]]:
        """Each batch, the oldest first."""
        return self.bench.rows(
            "SELECT state, doubtful, tries FROM notice_batches ORDER BY frozen_at"
        )

    def token(self, userid: str) -> str:
        """The token in the address of a member's last notice."""
        address = str(self.phone(userid)[-1].sent["url"])
        return urlsplit(address).path.rpartition("/")[2]

    def member_pk(self, userid: str) -> MemberPk:
        """The surrogate key of an active member."""
        row = self.bench.row(
            "SELECT member_pk FROM members WHERE corp_pk = %s AND userid = %s"
            " AND state = 'active'",
            self.corp.corp_pk,
            userid,
        )
        return MemberPk(row["member_pk"])


class PickyCorp(CorpApi):
    """A corp whose WeCom takes no message that names one of its people."""

    def __init__(self, real: CorpApi, refused: str) -> None:
        # Not the parent's: the real one does what is not refused.
        self.corp_id = real.corp_id
        self._real = real
        self._refused = refused

    def send(self, message: Mapping[str, object]) -> SendResult:
        """Refuse, or send."""
        if self._refused in str(message["touser"]).split("|"):
            raise Refused(errcode=40031)
        return self._real.send(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class PickyRuntime(Runtime):
    """A runtime whose WeCom takes no message that names somebody."""

    refused: str

    def corp_api(self, corp: Corp, *, count: CallCount | None = None) -> CorpApi:
        """The calls of one corp."""
        real = Runtime.corp_api(self, corp, count=count)
        return PickyCorp(real, self.refused)


def picky(runtime: Runtime, refused: str) -> PickyRuntime:
    """The same runtime, with such a WeCom."""
    values = {each.name: getattr(runtime, each.name) for each in fields(Runtime)}
    return PickyRuntime(**values, refused=refused)


class CardlessCorp(CorpApi):
    """A corp whose WeCom takes no template card."""

    def __init__(self, real: CorpApi, errcode: int) -> None:
        # Not the parent's: the real one does what is not refused.
        self.corp_id = real.corp_id
        self._real = real
        self._errcode = errcode

    def send(self, message: Mapping[str, object]) -> SendResult:
        """Refuse, or send."""
        if message["msgtype"] == "template_card":
            raise error_for(self._errcode, endpoint="message/send")
        return self._real.send(message)

    def admins(self) -> list[AdminRow]:
        """See `wecom.corp.CorpClient`."""
        return self._real.admins()


@dataclass(frozen=True, slots=True, kw_only=True)
class CardlessRuntime(Runtime):
    """A runtime whose WeCom takes no template card."""

    errcode: int

    def corp_api(self, corp: Corp, *, count: CallCount | None = None) -> CorpApi:
        """The calls of one corp."""
        real = Runtime.corp_api(self, corp, count=count)
        return CardlessCorp(real, self.errcode)


def cardless(runtime: Runtime, errcode: int) -> CardlessRuntime:
    """The same runtime, with such a WeCom."""
    values = {each.name: getattr(runtime, each.name) for each in fields(Runtime)}
    return CardlessRuntime(**values, errcode=errcode)


def post_office(bench: Workbench, *, members: int = 6) -> Post:
    """A linked corp and its people as a read would store them; nobody is linked."""
    enterprise = bench.found(members=members)
    bench.link(enterprise)
    for userid in sorted(enterprise.now.members):
        bench.rows(
            "INSERT INTO members (corp_pk, userid, activation, employment, grounds,"
            " department_ids, department_orders, fingerprint)"
            " VALUES (%s, %s, 'active', 'working', '{direct}', '{}', '{}', '')",
            bench.corp(enterprise).corp_pk,
            userid,
        )
    return Post(bench=bench, enterprise=enterprise, corp=bench.corp(enterprise))


def read_office(bench: Workbench, *, members: int = 6) -> Post:
    """A corp that installed the app and was read in full; nobody is linked yet."""
    enterprise = bench.found(members=members)
    bench.link(enterprise)
    read_in_full(bench)
    # A market install gives everybody an account of their own; here they are asked.
    bench.rows("DELETE FROM links")
    return Post(bench=bench, enterprise=enterprise, corp=bench.corp(enterprise))


def read_in_full(bench: Workbench) -> None:
    """Work on every open run until it is over."""
    for run_id in _open_runs(bench):
        work_on(bench.runtime, run_id)


def make_due(bench: Workbench) -> None:
    """Let the time pass for which deliveries and notices wait."""
    bench.rows("UPDATE deliveries SET not_before = NULL")
    bench.rows("UPDATE notices SET not_before = clock_timestamp()")
    bench.rows("DELETE FROM pauses")


def age(bench: Workbench, interval: str) -> None:
    """Let the first try of every batch be so long ago."""
    bench.rows(
        "UPDATE notice_batches SET first_tried_at = first_tried_at - %s::interval",
        interval,
    )


def _open_runs(bench: Workbench) -> Iterator[RunId]:
    for _ in range(10):
        bench.rows("UPDATE runs SET not_before = clock_timestamp()")
        rows = bench.rows(
            "SELECT run_id FROM runs WHERE state IN ('queued', 'running')"
            " ORDER BY state DESC LIMIT 1"
        )
        if not rows:
            return
        yield RunId(rows[0]["run_id"])
    raise AssertionError("a run does not end")
