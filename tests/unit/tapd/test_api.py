"""TAPD's read API as its pages describe it, and what is taken from odd answers."""

import pytest

from tapd.api import ListedPerson, PeopleList, TapdApi
from tapd.envelope import Envelope
from tapd.errors import Denied, Refused, Unavailable
from tapd.pace import Pace
from tests.unit.wecom.scripted import Reply, ScriptedServer, says

TOKEN = {"access_token": "t1", "expires_in": 7200, "token_type": "Bearer"}
INVALID: Reply = says(
    {"status": 422, "data": "", "info": "The access token provided is invalid"},
    status=422,
)


def good(data: object) -> dict[str, object]:
    return {"status": 1, "data": data, "info": "success"}


class Clock:
    """A clock that only waiting moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


def api(server: ScriptedServer, clock: Clock | None = None) -> TapdApi:
    clock = clock or Clock()
    return TapdApi(
        Envelope(server.url),
        client_id="client",
        client_secret="secret",
        pace=Pace(clock=clock, wait=clock.wait),
        clock=clock,
    )


def test_people_are_asked_for_with_a_token_of_the_app(server: ScriptedServer) -> None:
    server.will(
        good(TOKEN),
        good(
            [
                {
                    "UserWorkspace": {
                        "user": "张三",
                        "user_id": "1001",
                        "name": "张三丰",
                        "email": "zhang@example.com",
                    }
                }
            ]
        ),
    )

    found = api(server).list_people("7")

    assert found.people == (
        ListedPerson(
            account_id="1001", nick="张三", name="张三丰", email="zhang@example.com"
        ),
    )
    token, people = server.asked
    assert (token.method, token.endpoint) == ("POST", "/tokens/request_token")
    assert token.body == {"grant_type": "client_credentials"}
    assert people.authorization == "Bearer t1"
    assert people.query == {"workspace_id": "7", "fields": "user,user_id,name,email"}


def test_odd_rows_are_read_as_far_as_they_go(server: ScriptedServer) -> None:
    server.will(
        good(TOKEN),
        good(
            [
                {"UserWorkspace": {"user_id": 1001, "user": "", "email": None}},
                {"user_id": "1002", "name": ["x"]},
                {"UserWorkspace": {"user": "nobody"}},
                "nonsense",
            ]
        ),
    )

    found = api(server).list_people("7")

    assert found == PeopleList(
        people=tuple(
            ListedPerson(account_id=each, nick=None, name=None, email=None)
            for each in ("1001", "1002")
        ),
        without_id=2,
    )


@pytest.mark.parametrize("data", [None, "", {}, {"UserWorkspace": {}}])
def test_what_is_no_list_decides_nothing(server: ScriptedServer, data: object) -> None:
    server.will(good(TOKEN), good(data))

    with pytest.raises(Unavailable):
        api(server).list_people("7")


def test_a_token_is_kept_until_shortly_before_its_end(server: ScriptedServer) -> None:
    clock = Clock()
    tapd = api(server, clock)
    server.will(good(TOKEN), good([]), good([]), good(TOKEN), good([]))

    tapd.list_people("7")
    tapd.list_people("7")
    clock.now += 7000
    tapd.list_people("7")

    methods = " ".join(each.method for each in server.asked)
    assert methods == "POST GET GET POST GET"


def test_a_token_that_is_not_accepted_is_fetched_once_more(
    server: ScriptedServer,
) -> None:
    tapd = api(server)
    server.will(good(TOKEN), good([]), INVALID, good(TOKEN), good([]))
    tapd.list_people("7")

    assert tapd.list_people("7") == PeopleList(people=())

    server.will(INVALID, good(TOKEN), INVALID)
    with pytest.raises(Denied):
        tapd.list_people("7")


def test_calls_keep_a_second_apart_those_for_a_token_too(
    server: ScriptedServer,
) -> None:
    clock = Clock()
    tapd = api(server, clock)
    server.will(good(TOKEN), good([]), good([]))

    tapd.list_people("7")
    tapd.list_people("7")

    assert clock.now == 2.0


@pytest.mark.parametrize(
    "data",
    [
        {
            "third_partys": [
                {"third_party_id": "woU1", "third_party_type": "qywx"},
                {"third_party_id": "ou_1", "third_party_type": "feishu"},
                {"third_party_type": "qywx"},
            ]
        },
        [{"third_party_id": "woU1", "third_party_type": "qywx"}],
    ],
)
def test_the_wecom_ids_of_an_account_are_told_in_either_shape(
    server: ScriptedServer, data: object
) -> None:
    server.will(good(TOKEN), good(data))

    assert api(server).list_wecom_ids("7", "1001") == ("woU1",)
    assert server.asked[1].query == {"workspace_id": "7", "user_id": "1001"}


def test_an_account_that_is_linked_to_nothing_has_no_wecom_id(
    server: ScriptedServer,
) -> None:
    server.will(good(TOKEN), good({"third_partys": []}))

    assert api(server).list_wecom_ids("7", "1001") == ()


def test_a_company_that_did_not_install_the_app_is_refused(
    server: ScriptedServer,
) -> None:
    refused = says(
        {"status": 404, "data": "", "info": "workspace 7 not existed"}, status=404
    )
    server.will(good(TOKEN), refused)

    with pytest.raises(Refused):
        api(server).list_people("7")


def test_credentials_are_checked_by_asking_for_a_token(server: ScriptedServer) -> None:
    server.will(good(TOKEN), says({"status": 401, "info": "Unauthorized"}, status=401))

    api(server).check_credentials()
    with pytest.raises(Denied):
        api(server).check_credentials()


def test_a_token_shows_in_no_repr(server: ScriptedServer) -> None:
    server.will(good(TOKEN), good([]))
    tapd = api(server)
    tapd.list_people("7")

    assert "t1" not in repr(vars(tapd))
