"""Whoever guesses at a token is counted and refused; the right one always passes."""

import pytest

from tests.support.people.visiting import Visit, csrf_of
from tests.support.webclient import API_TOKEN, BEARER
from web import limits
from web.services import Services

MOST = limits.TOKEN.allowed.amount


def guess_api(visit: Visit, token: str) -> int:
    """What the API answers to a bearer."""
    headers = {"Authorization": f"Bearer {token}"}
    return visit.client.get("/api/v1/corps", headers=headers).status_code


def guess_console(visit: Visit, token: str) -> int:
    """What the console answers to a token, in a browser of its own."""
    client = visit.web.app.test_client()
    mark = csrf_of(client.get("/console/sign-in").text)
    form = {"token": token, "csrf_token": mark}
    return client.post("/console/sign-in", data=form).status_code


def test_guesses_count_together_at_both_doors(visit: Visit) -> None:
    at_api = [guess_api(visit, f"guess-{n}") for n in range(MOST - 2)]
    at_console = [guess_console(visit, f"guess-{n}") for n in range(3)]

    assert at_api == [401] * (MOST - 2)
    assert at_console == [403, 403, 429]
    assert guess_api(visit, "guess") == 429


def test_the_right_token_passes_among_wrong_ones_of_the_same_address(
    visit: Visit,
) -> None:
    for n in range(2 * MOST):
        guess_api(visit, f"guess-{n}")

    assert guess_api(visit, API_TOKEN) == 200
    assert guess_console(visit, API_TOKEN) == 303


def test_a_refused_guess_is_a_problem_that_says_when_to_try_again(
    visit: Visit,
) -> None:
    for n in range(MOST):
        guess_api(visit, f"guess-{n}")

    answer = visit.client.get(
        "/api/v1/corps", headers={"Authorization": "Bearer guess"}
    )

    assert answer.content_type == "application/problem+json"
    assert answer.get_json()["status"] == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 60


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer  ", "Basic eDp5"])
def test_whoever_shows_no_bearer_guesses_at_nothing(
    visit: Visit, header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header}

    statuses = {
        visit.client.get("/api/v1/corps", headers=headers).status_code
        for _ in range(MOST + 1)
    }

    assert statuses == {401}


def test_wrong_tokens_are_told_by_the_metrics_and_in_no_log(
    visit: Visit, caplog: pytest.LogCaptureFixture
) -> None:
    for n in range(MOST + 1):
        guess_api(visit, f"guess-{n}")
    guess_console(visit, "guess-at-console")

    metrics = visit.client.get("/metrics").text

    assert f'sync_wrong_tokens_total{{door="api"}} {MOST + 1}.0' in metrics
    assert 'sync_wrong_tokens_total{door="console"} 1.0' in metrics
    told = [str(each.__dict__) for each in caplog.records]
    assert told != []
    assert not any("guess-" in each for each in told)


def test_what_cannot_be_a_token_of_an_operator_costs_no_statement(
    visit: Visit,
) -> None:
    wired: Services = visit.web.app.extensions["sync-services"]
    before = wired.pool.get_stats()["requests_num"]  # type: ignore[attr-defined]  # psycopg's pool has it.

    statuses = [guess_console(visit, token) for token in ("guess", "", "令" * 43)]

    after = wired.pool.get_stats()["requests_num"]  # type: ignore[attr-defined]  # psycopg's pool has it.
    assert statuses == [403] * 3
    assert after == before


def test_the_bearer_of_the_tests_is_the_right_one(visit: Visit) -> None:
    assert visit.client.get("/api/v1/corps", headers=BEARER).status_code == 200
