"""A small enterprise and a client that holds its token, without network."""

from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient

from simulator.admin.actions import act
from simulator.config import Config, SuiteKey
from simulator.faults import Fault, Kind
from simulator.logs import PushRecord
from simulator.org.corp import Corp, Minter
from simulator.org.directory import ROOT, Department, Member, Status
from simulator.server import create_app
from simulator.tokens import Paper
from simulator.world import World

CONFIG = Config(
    command_url="http://receiver.invalid/command",
    data_url="http://receiver.invalid/data",
    token="tapdSuiteTok3n",
    encoding_aes_key="2Eut3QUGh0BF89r8Bh4rCgvfGpGE2Ou66CO6dMtvsnQ",
    suite=SuiteKey(suite_id="wwsuiteA", secret="suite-secret"),
    provider_corp_id="wwproviderA",
    provider_secret="provider-secret",
)
SALES, NORTH, LABS = 2, 3, 2_315_041_299
ANN, BOB, CAT = "woAnn", "woBob", "woCat"


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Sales > North, and Labs, below the root; Ann in North, Bob in Labs, Cat in both.

    Shape: pushes are logged but never sent, for the courier is not started.
    """

    world: World
    corp: Corp
    client: FlaskClient

    def act(self, action: str, /, **given: Any) -> dict[str, Any]:
        return act(self.world, self.corp, action, given)

    def install(self, **given: Any) -> str:
        code = self.act("install", way="redirect", quiet=True, **given)["auth_code"]
        self.world.logs.reset_pushes()
        return str(code)

    def fault(self, kind: Kind, **values: Any) -> Fault:
        rule = Fault(fault_id=self.world.faults.next_id(), kind=kind, **values)
        return self.world.faults.add(rule)

    def get(self, endpoint: str, **query: Any) -> Any:
        answer = self.client.get(
            f"/cgi-bin/{endpoint}",
            query_string={"access_token": self.corp_token(), **query},
        )
        return answer.get_json()

    def post(self, endpoint: str, **body: Any) -> Any:
        answer = self.client.post(
            f"/cgi-bin/{endpoint}",
            query_string={"access_token": self.corp_token()},
            json=body,
        )
        return answer.get_json()

    def post_suite(self, endpoint: str, **body: Any) -> Any:
        token = self.world.papers.current(
            Paper.SUITE_TOKEN, owner=CONFIG.suite.suite_id
        )
        answer = self.client.post(
            f"/cgi-bin/{endpoint}",
            query_string={"suite_access_token": token.value},
            json=body,
        )
        return answer.get_json()

    def corp_token(self) -> str:
        owner = self.corp.corp_id
        return self.world.papers.current(Paper.CORP_TOKEN, owner=owner).value

    def pushed(self) -> list[PushRecord]:
        return self.world.logs.list_pushes(corp_id=None, name=None, since=0)

    def pushed_names(self) -> list[str]:
        return [record.name for record in self.pushed()]


def make_stage() -> Stage:
    world = World(CONFIG)
    corp = Corp(corp_id="wpCorpA", name="星河", minter=Minter(1))
    for department_id, parent_id in ((ROOT, 0), (SALES, ROOT), (NORTH, SALES)):
        _add(corp, department_id, parent_id)
    _add(corp, LABS, ROOT)
    corp.now.put_member(member(ANN, NORTH))
    corp.now.put_member(member(BOB, LABS, direct_leader=ANN))
    corp.now.put_member(member(CAT, NORTH, LABS))
    corp.installer = ANN
    world.corps[corp.corp_id] = corp
    client = create_app(world).test_client()
    return Stage(world=world, corp=corp, client=client)


def member(
    userid: str,
    *departments: int,
    status: Status = Status.ACTIVE,
    direct_leader: str | None = None,
) -> Member:
    return Member(
        userid=userid,
        open_userid=f"open-{userid}",
        name=f"名{userid}",
        departments=departments,
        orders=tuple(range(len(departments))),
        main_department=departments[0],
        leads=frozenset(departments[:1]),
        direct_leader=direct_leader,
        status=status,
        mobile=f"+86-{userid}",
        email=f"{userid}@example.com",
    )


def _add(corp: Corp, department_id: int, parent_id: int) -> None:
    corp.now.put_department(
        Department(
            department_id=department_id, name=f"部{department_id}", parent_id=parent_id
        )
    )
