"""Whatever WeCom says of how long a token lasts, it is used until it is refused."""

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest

from simulator.tokens import Paper
from tests.support.workbench import Workbench

SUITE_TOKEN = "service/get_suite_token"
CORP_TOKEN = "service/get_corp_token"
ODD: list[Any] = [0, -1, -7200, 10**12, 2**63 - 1, 10**30, "7200", "soon", "", None]
ODD += [7200.5, True, [], {"seconds": 7200}]


@pytest.mark.parametrize("said", ODD, ids=str)
def test_a_token_of_an_odd_lifetime_serves_every_call_and_is_fetched_once(
    simulated: Workbench, said: object
) -> None:
    corp = simulated.link(simulated.found())
    papers = simulated.world.papers
    for paper in (Paper.SUITE_TOKEN, Paper.CORP_TOKEN):
        papers.end(paper, owner=None, forget=True)
    simulated.rows("DELETE FROM tokens")

    def call_both() -> tuple[int, int]:
        simulated.runtime.corp_api(corp).agent_is_closed(corp.agent_id or 0)
        simulated.runtime.corp_api(corp).permissions()
        return simulated.calls(SUITE_TOKEN), simulated.calls(CORP_TOKEN)

    with patch.object(papers, "seconds_left", return_value=said):
        fetched = call_both()
        again = [call_both() for _ in range(3)]

    assert again == [fetched] * 3
    [[latest]] = [
        list(row.values())
        for row in simulated.rows("SELECT max(expires_at) FROM tokens")
    ]
    assert latest < datetime.now(UTC) + timedelta(hours=5)


def test_one_that_lasts_less_than_was_said_is_replaced_when_it_is_refused(
    simulated: Workbench,
) -> None:
    corp = simulated.link(simulated.found())
    papers = simulated.world.papers
    papers.end(Paper.CORP_TOKEN, owner=corp.corp_id, forget=True)
    simulated.rows("DELETE FROM tokens")
    with patch.object(papers, "seconds_left", return_value=10**15):
        simulated.runtime.corp_api(corp).agent_is_closed(corp.agent_id or 0)
    asked = simulated.calls(CORP_TOKEN)
    papers.end(Paper.CORP_TOKEN, owner=corp.corp_id, forget=False)

    simulated.runtime.corp_api(corp).agent_is_closed(corp.agent_id or 0)

    assert simulated.calls(CORP_TOKEN) == asked + 1
