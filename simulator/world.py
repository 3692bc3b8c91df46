"""All that one simulator holds: suites, corps, papers, rules and logs."""

import secrets
import threading
import time
from dataclasses import dataclass

from simulator.config import Config
from simulator.events import Event, Field, command_event, contact_event, data_event
from simulator.faults import Faults
from simulator.logs import Logs, PushRecord
from simulator.org.corp import Agent, Corp
from simulator.pushes import Address, Courier, Post
from simulator.tapd.items.hooks import HookSender
from simulator.tapd.items.projects import Projects
from simulator.tapd.people import Tapd
from simulator.tapd.relying_party import RelyingParty
from simulator.tokens import Paper, Papers


@dataclass(slots=True, kw_only=True)
class Knobs:
    """What can be turned while it runs.

    Units: answer_milliseconds; per_minute is calls per corp and endpoint; concurrent
    is calls at once per corp and endpoint; tapd_per_minute is TAPD's. None is no
    limit. tapd_resource is the form in which TAPD names what was granted.
    """

    answer_milliseconds: float = 0.0
    per_minute: int | None = None
    concurrent: int | None = None
    tapd_per_minute: int | None = None
    tapd_resource: str = "user"


class World:
    """The state behind every endpoint; `lock` guards the corps."""

    def __init__(self, config: Config, *, post: Post | None = None) -> None:
        self.config = config
        self.lock = threading.RLock()
        self.stopping = threading.Event()
        self.clock_offset = 0.0
        self.faults = Faults()
        self.logs = Logs()
        self.papers = Papers(self.now)
        self.corps: dict[str, Corp] = {}
        self.tapd = Tapd()
        self.projects = Projects()
        self.relying_party = RelyingParty()
        self.hooks = HookSender(self.faults)
        self.knobs = Knobs()
        self.courier = Courier(
            config=config, faults=self.faults, logs=self.logs, post=post
        )

    def now(self) -> float:
        """The clock of lifetimes, which can be set forward."""
        return time.time() + self.clock_offset

    def push_ticket(self) -> list[PushRecord]:
        """Push every suite a new ticket."""
        return [
            self._push_command(
                "suite_ticket",
                suite_id=suite.suite_id,
                corp_id=None,
                fields=[("SuiteTicket", self._new_ticket(suite.suite_id))],
            )
            for suite in self.config.suites
        ]

    def push_command(
        self, info_type: str, *, corp: Corp, fields: list[Field]
    ) -> PushRecord:
        """Push an authorisation event of the app's suite."""
        return self._push_command(
            info_type,
            suite_id=self.config.suite.suite_id,
            corp_id=corp.corp_id,
            fields=fields,
        )

    def push_about(
        self, info_type: str, *, corp: Corp, fields: list[Field] | None = None
    ) -> PushRecord | None:
        """Push a command event that names the corp, if the app is installed there."""
        if corp.agent is None:
            return None
        named: list[Field] = [("AuthCorpId", corp.corp_id), *(fields or [])]
        return self.push_command(info_type, corp=corp, fields=named)

    def push_contact(self, change: str, *, corp: Corp, fields: list[Field]) -> None:
        """Push a contact change, if the app is installed there."""
        if corp.agent is None:
            return
        event = contact_event(
            change,
            suite_id=self.config.suite.suite_id,
            corp_id=corp.corp_id,
            at=int(time.time()),
            fields=fields,
        )
        self._send_command(event, self.config.suite.suite_id, corp.corp_id)

    def push_data(
        self,
        event: str,
        *,
        corp: Corp,
        sender: str,
        fields: list[Field] | None = None,
    ) -> None:
        """Push an event of the data family, if the app is installed there."""
        if corp.agent is None:
            return
        self.courier.send(
            data_event(
                event,
                corp_id=corp.corp_id,
                sender=sender,
                agent_id=corp.agent.agent_id,
                at=int(time.time()),
                fields=fields or [],
            ),
            address=self.data_address(corp.corp_id, str(corp.agent.agent_id)),
            corp_id=corp.corp_id,
        )

    def push_raw(
        self, *, name: str, xml: str, data_of: str | None, corp_id: str | None
    ) -> PushRecord:
        """Push any XML: to the data URL of a corp, else to the command URL."""
        suite_id = self.config.suite.suite_id
        address = (
            self.data_address(data_of) if data_of else self.command_address(suite_id)
        )
        event = Event(name=name, xml=xml)
        return self.courier.send(event, address=address, corp_id=corp_id)

    def command_address(self, receiver: str) -> Address:
        """The command URL, encrypted for a receiver (WeCom 97172)."""
        return Address(
            channel="command", url=self.config.command_url, receiver=receiver
        )

    def data_address(self, receiver: str, agent_id: str = "") -> Address:
        """The data URL, with the corp written into it where it asks for one."""
        return Address(
            channel="data",
            url=self.config.data_url.replace("$CORPID$", receiver),
            receiver=receiver,
            agent_id=agent_id,
        )

    def new_agent(self, corp: Corp, *, state: str) -> Agent:
        """Tie the corp to the app anew."""
        corp.installs += 1
        corp.agent = Agent(
            agent_id=1_000_001 + corp.installs,
            permanent_code=secrets.token_urlsafe(48),
            state=state,
        )
        return corp.agent

    def _new_ticket(self, suite_id: str) -> str:
        return self.papers.issue(Paper.SUITE_TICKET, owner=suite_id).value

    def _push_command(
        self, info_type: str, *, suite_id: str, corp_id: str | None, fields: list[Field]
    ) -> PushRecord:
        event = command_event(
            info_type, suite_id=suite_id, at=int(time.time()), fields=fields
        )
        return self._send_command(event, suite_id, corp_id)

    def _send_command(
        self, event: Event, suite_id: str, corp_id: str | None
    ) -> PushRecord:
        return self.courier.send(
            event, address=self.command_address(suite_id), corp_id=corp_id
        )
