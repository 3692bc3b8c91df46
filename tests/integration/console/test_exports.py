"""Lists as files: all that is listed, in UTC, harmless to spreadsheets, kept who."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from domain.roles import Role
from tests.support.console.desk import Desk, as_role, open_desk
from tests.support.webclient import add_corp, add_event, add_member
from web.operations import exports
from web.operations.exports import ExportFormat, Table, write


@pytest.fixture
def desk(database: str, redis_url: str) -> Iterator[Desk]:
    with open_desk(database=database, redis_url=redis_url) as desk:
        corp_pk = add_corp(desk.rows, "wwcorp", name="=cmd|' /C calc'!A0")
        add_corp(desk.rows, "wwother", name="Other")
        for userid, name in (("zhang", "张伟"), ("li", '李, "小" 四')):
            add_member(
                desk.rows,
                corp_pk,
                userid,
                name=name,
                details={"mobile": "13800005678", "email": "x@example.com"},
            )
        yield desk


def take(desk: Desk, kind: str, form: str, **fields: str) -> str:
    answer = desk.post(f"/console/export/{kind}", format=form, reason="why", **fields)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert f"filename={kind}.{form}" in answer.headers["Content-Disposition"]
    return answer.text


def rows_of(text: str) -> list[dict[str, str]]:
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_both_forms_hold_the_same_rows(desk: Desk) -> None:
    as_csv = rows_of(take(desk, "people", "csv", corp="wwcorp"))
    as_json = json.loads(take(desk, "people", "json", corp="wwcorp"))["items"]

    assert [row["userid"] for row in as_csv] == ["li", "zhang"]
    assert [row["name"] for row in as_csv] == ['李, "小" 四', "张伟"]
    assert [row["userid"] for row in as_json] == ["li", "zhang"]
    assert set(as_csv[0]) == set(as_json[0])


def test_no_mobile_and_no_address_is_taken_along(desk: Desk) -> None:
    for kind in ("people", "corps", "events", "audit"):
        text = take(desk, kind, "json", corp="wwcorp" if kind == "people" else "")
        assert "13800005678" not in text
        assert "x@example.com" not in text


def test_what_a_spreadsheet_would_compute_is_text(desk: Desk) -> None:
    [corp] = rows_of(take(desk, "corps", "csv", find="wwcorp"))

    assert corp["name"].startswith("'=")


def test_a_file_holds_all_pages_of_what_matches_and_nothing_else(desk: Desk) -> None:
    for number in range(exports._PAGE + 3):
        state = "failed" if number % 2 else "parked"
        add_event(desk.rows, "corp:wwcorp", state, key=f"member:{number}")
    add_event(desk.rows, "corp:wwother", "failed")

    found = json.loads(take(desk, "events", "json", q="corp:wwcorp state:failed"))
    everything = json.loads(take(desk, "events", "json", q="corp:wwcorp"))

    assert len(found["items"]) == (exports._PAGE + 3) // 2
    assert {row["state"] for row in found["items"]} == {"failed"}
    assert len({row["event_id"] for row in everything["items"]}) == exports._PAGE + 3
    assert not found["is_cut"]
    assert all(row["received_at"].endswith("+00:00") for row in found["items"])


def test_a_file_ends_somewhere_and_says_so(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "MOST_ROWS", 3)
    for _ in range(5):
        add_event(desk.rows, "corp:wwcorp", "failed")

    found = json.loads(take(desk, "events", "json", q="state:failed"))

    assert (len(found["items"]), found["is_cut"]) == (3, True)


def test_who_took_what_along_is_kept_and_needs_a_reason(desk: Desk) -> None:
    refused = desk.post("/console/export/people", format="csv", corp="wwcorp")
    take(desk, "people", "csv", corp="wwcorp")
    viewer = as_role(desk.web, Role.VIEWER, name="li")
    by_viewer = viewer.post(
        "/console/export/people", format="csv", corp="wwcorp", reason="x"
    )

    assert (refused.status_code, by_viewer.status_code) == (400, 403)
    [kept] = desk.web.get("/audit")["items"]
    assert (kept["act"], kept["target"], kept["corp_id"], kept["reason"]) == (
        "export",
        "export:people",
        "wwcorp",
        "why",
    )
    assert kept["after"] == {"rows": 2, "format": "csv"}


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("secrets", {"format": "csv"}),
        ("events", {"format": "xlsx"}),
        ("people", {"format": "csv", "corp": "nobody"}),
    ],
)
def test_what_is_not_there_is_not_found(
    desk: Desk, path: str, fields: dict[str, str]
) -> None:
    answer = desk.post(f"/console/export/{path}", reason="why", **fields)

    assert answer.status_code == 404


@pytest.mark.parametrize(
    "path",
    ["/console/events", "/console/corps", "/console/corps/wwcorp/people"],
)
def test_a_list_offers_what_it_shows_as_a_file(desk: Desk, path: str) -> None:
    add_event(desk.rows, "corp:wwcorp", "failed")
    viewer = as_role(desk.web, Role.VIEWER, name="li")

    assert 'data-action="export-csv"' in desk.page(path)
    assert 'data-action="export-csv"' not in viewer.page(path)


@pytest.mark.parametrize("form", list(ExportFormat))
def test_cells_of_any_kind_are_written(form: ExportFormat) -> None:
    row: dict[str, Any] = {
        "a": None,
        "b": {"x": [1]},
        "c": ["y", 2],
        "d": -3,
        "e": "+1",
    }
    text = write(Table(columns=list(row), rows=[row], is_cut=False), form)

    if form is ExportFormat.JSON:
        assert json.loads(text)["items"] == [row]
    else:
        [read] = rows_of(text)
        assert read == {
            "a": "",
            "b": '{"x": [1]}',
            "c": '["y", 2]',
            "d": "'-3",
            "e": "'+1",
        }
