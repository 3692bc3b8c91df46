"""What TAPD tells of a project's words, whichever of its pages an edition knows."""

import pytest

from domain.items.items import ItemKind
from tapd.api import TapdApi
from tapd.envelope import Envelope
from tapd.errors import Refused
from tapd.item_reads import ItemWords, read_words
from tapd.pace import Pace
from tests.unit.tapd.test_api import TOKEN, good
from tests.unit.wecom.scripted import ScriptedServer

UNKNOWN = good("Hello world from TAPD API, hello again!")
FIELDS = {
    "severity": {
        "label": "严重程度",
        "options": {"serious": "严重", "same": "same", "long": "长" * 500},
    },
    "status": {"label": "状态", "options": {"new": "新建", "odd": ""}},
    "title": {"label": "标题", "options": []},
    "nonsense": "x",
}


@pytest.fixture
def tapd(server: ScriptedServer) -> TapdApi:
    return TapdApi(
        Envelope(server.url), client_id="c", client_secret="s", pace=Pace(seconds=0)
    )


def test_fields_and_values_have_names_and_the_status_map_comes_first(
    server: ScriptedServer, tapd: TapdApi
) -> None:
    server.will(good(TOKEN), good(FIELDS), good({"new": "新"}))

    words = read_words(tapd, "7", ItemKind.BUG)

    assert words.labels == {"severity": "严重程度", "status": "状态", "title": "标题"}
    assert words.statuses == {"new": "新"}
    assert words.options == {"severity": {"serious": "严重", "long": "长" * 80}}


@pytest.mark.parametrize("answer", [UNKNOWN, good([]), good("")])
def test_where_values_are_not_told_the_names_of_fields_are(
    server: ScriptedServer, tapd: TapdApi, answer: dict[str, object]
) -> None:
    server.will(good(TOKEN), answer, good({"name": "标题"}), good([]))

    assert read_words(tapd, "7", ItemKind.STORY) == ItemWords(
        labels={"name": "标题"}, statuses={}
    )
    assert [each.endpoint for each in server.asked[1:]] == [
        "/stories/get_fields_info",
        "/stories/get_fields_lable",
        "/workflows/status_map",
    ]


def test_tasks_have_one_page_for_all(server: ScriptedServer, tapd: TapdApi) -> None:
    server.will(good(TOKEN), good({"status": {"label": "状态", "options": {"a": "b"}}}))

    assert read_words(tapd, "7", ItemKind.TASK).statuses == {"a": "b"}

    server.will(UNKNOWN)
    with pytest.raises(Refused):
        read_words(tapd, "7", ItemKind.TASK)


def test_of_a_list_without_end_so_much_is_kept(
    server: ScriptedServer, tapd: TapdApi
) -> None:
    options = {f"key{n}": f"name {n}" for n in range(900)}
    told = {"version": {"label": "版本", "options": options}}
    server.will(good(TOKEN), good(told), good({}))

    assert len(read_words(tapd, "7", ItemKind.BUG).options["version"]) == 300
