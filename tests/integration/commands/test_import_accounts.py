"""The command that imports accounts: what it does, what it says, its exit status."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from manage import cli
from store.links.accounts import ROWS_AT_ONCE
from tests.support.webclient import insert
from tests.support.workbench import environment_for
from tests.unit.wecom.scripted import ScriptedServer, says, scripted_server

HEADER = "account_id,nick,name,mobile,email\n"
TOKEN = {"status": 1, "data": {"access_token": "t", "expires_in": 7200}}
Import = Callable[..., Result]


@pytest.fixture
def import_accounts(database: str, tmp_path: Path) -> Import:
    """Imports this text into company 7, which there is."""
    with psycopg.connect(database, autocommit=True) as rows:
        insert(rows, "companies", company_id="7", name="C", origin="tapd")

    def run(text: str, *options: str, company: str = "7") -> Result:
        file = tmp_path / "accounts.csv"
        file.write_text(text, "gb18030")
        return CliRunner().invoke(
            cli,
            ["import-accounts", company, str(file), *options],
            env=environment_for(database=database, redis_url="redis://127.0.0.1:9"),
        )

    return run


def stored(database: str) -> list[tuple[str, str | None, str | None]]:
    with psycopg.connect(database) as rows:
        return rows.execute(
            "SELECT account_id, nick, mobile_e164 FROM accounts ORDER BY account_id"
        ).fetchall()


def test_a_list_is_imported_and_counted(import_accounts: Import, database: str) -> None:
    first = import_accounts(HEADER + "u1,张三,,13812345678,\nu2,李四,,,\n")
    second = import_accounts(HEADER + "u1,张三三,,,\nu2,李四,,,\n")

    assert (first.exit_code, second.exit_code) == (0, 0), first.output
    assert "accounts 2 of 2\ncreated 2, changed 0, unchanged 0\n" in first.output
    assert "created 0, changed 1, unchanged 1" in second.output
    assert stored(database) == [
        ("u1", "张三三", "+8613812345678"),
        ("u2", "李四", None),
    ]


def test_an_empty_field_clears_only_if_told_so(
    import_accounts: Import, database: str
) -> None:
    import_accounts(HEADER + "u1,a,,13812345678,\n")

    kept = import_accounts(HEADER + "u1,a,,,\n")
    cleared = import_accounts(HEADER + "u1,a,,,\n", "--clear-empty")

    assert "unchanged 1" in kept.output
    assert "changed 1" in cleared.output
    assert stored(database) == [("u1", "a", None)]


def test_a_dry_run_says_what_would_change_and_changes_nothing(
    import_accounts: Import, database: str
) -> None:
    import_accounts(HEADER + "u1,a,,,\n")

    result = import_accounts(HEADER + "u1,b,,,\nu2,c,,,\n", "--dry-run")

    assert result.exit_code == 0
    assert "would be created 1, changed 1, unchanged 0" in result.output
    assert stored(database) == [("u1", "a", None)]


def test_bad_lines_are_all_named_and_nothing_is_imported(
    import_accounts: Import, database: str
) -> None:
    result = import_accounts(HEADER + "u1,a,,,\nu2,,,12,x\nu1,,,,\n")

    assert result.exit_code == 1
    assert "line 3: mobile is not a mobile number\n" in result.output
    assert "line 3: email is not an e-mail address\n" in result.output
    assert "line 4: account_id is named in line 2 already\n" in result.output
    assert "2 bad lines; nothing was imported." in result.output
    assert stored(database) == []


def test_the_members_of_a_linked_company_are_examined_again(
    import_accounts: Import, database: str
) -> None:
    with psycopg.connect(database, autocommit=True) as rows:
        insert(rows, "corps", corp_id="wpA", state="linked", company_id="7")

        import_accounts(HEADER + "u1,a,,,\n", "--dry-run")
        assert rows.execute("SELECT kind FROM inbox").fetchall() == []
        for _ in range(2):
            import_accounts(HEADER + "u1,a,,,\n")

        mail = rows.execute("SELECT mailbox, kind FROM inbox").fetchall()
    assert mail == [("corp:wpA", "accounts_changed")]


def test_a_list_longer_than_a_part_is_one_transaction(
    import_accounts: Import, database: str
) -> None:
    lines = "".join(f"u{each},a,,,\n" for each in range(ROWS_AT_ONCE + 1))

    result = import_accounts(HEADER + lines)

    assert result.exit_code == 0
    assert f"accounts {ROWS_AT_ONCE} of {ROWS_AT_ONCE + 1}\n" in result.output
    assert f"created {ROWS_AT_ONCE + 1}, changed 0, unchanged 0" in result.output
    with psycopg.connect(database) as rows:
        transactions = rows.execute("SELECT DISTINCT xmin::text FROM accounts")
        assert len(transactions.fetchall()) == 1


def test_a_wrong_header_or_company_fails(import_accounts: Import) -> None:
    wrong_header = import_accounts("account_id,phone\nu1,1\n")
    wrong_company = import_accounts(HEADER, company="8")

    assert (wrong_header.exit_code, wrong_company.exit_code) == (1, 1)
    assert "Unknown columns: phone" in wrong_header.output
    assert "Company 8 is not known here." in wrong_company.output


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        cli, ["import-accounts", "7", str(tmp_path / "none.csv")]
    )

    assert result.exit_code == 2


@pytest.fixture
def tapd() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


@pytest.fixture
def import_from_tapd(database: str, tapd: ScriptedServer) -> Import:
    """Imports the people of company 7 from this TAPD."""
    with psycopg.connect(database, autocommit=True) as rows:
        insert(rows, "companies", company_id="7", name="C", origin="tapd")

    def run(*options: str, company: str = "7", **others: str) -> Result:
        return CliRunner().invoke(
            cli,
            ["import-accounts", company, *options],
            env=environment_for(
                database=database,
                redis_url="redis://127.0.0.1:9",
                TAPD_API_URL=tapd.url,
                **others,
            ),
        )

    return run


def test_tapd_itself_can_be_asked(
    import_from_tapd: Import, tapd: ScriptedServer, database: str
) -> None:
    tapd.will(TOKEN, people("u1", "u2"), TOKEN, people("u1", "u2", ""))

    rehearsed = import_from_tapd("--from-tapd", "--dry-run")
    before = stored(database)
    done = import_from_tapd("--from-tapd")

    assert (rehearsed.exit_code, done.exit_code) == (0, 0), done.output
    assert "would be created 2" in rehearsed.output
    assert before == []
    assert "left out 1: TAPD named them by no usable id" in done.output
    assert "accounts 2 of 2\ncreated 2, changed 0, unchanged 0\n" in done.output
    assert stored(database) == [("u1", "u1", None), ("u2", "u2", None)]


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (401, "TAPD_CLIENT_ID and TAPD_CLIENT_SECRET"),
        (404, "has its admin installed the app"),
        (429, "Try again in 60 seconds."),
        (500, "is TAPD_API_URL right?"),
    ],
)
def test_a_refusal_of_tapd_says_what_to_do_and_imports_nothing(
    import_from_tapd: Import,
    tapd: ScriptedServer,
    database: str,
    status: int,
    advice: str,
) -> None:
    tapd.will(TOKEN, says({"status": status, "info": ""}, status=status), TOKEN)
    # Credentials that are not accepted are tried with a second token.
    tapd.will(says({"status": status, "info": ""}, status=status))

    result = import_from_tapd("--from-tapd")

    assert result.exit_code == 1
    assert advice in result.output
    assert "Nothing was imported." in result.output
    assert stored(database) == []


def test_without_credentials_tapd_cannot_be_asked(import_from_tapd: Import) -> None:
    result = import_from_tapd("--from-tapd", TAPD_CLIENT_ID="", TAPD_CLIENT_SECRET="")

    assert result.exit_code == 1
    assert "TAPD_CLIENT_ID" in result.output


@pytest.mark.parametrize(
    "options", [(), ("--from-tapd", "setup.csv"), ("--from-tapd", "--clear-empty")]
)
def test_either_a_file_or_tapd_is_named(
    import_from_tapd: Import, tmp_path: Path, options: tuple[str, ...]
) -> None:
    (tmp_path / "setup.csv").write_text(HEADER)
    named = [str(tmp_path / each) if "." in each else each for each in options]

    assert import_from_tapd(*named).exit_code == 2


def people(*account_ids: str) -> dict[str, object]:
    rows = [{"UserWorkspace": {"user_id": each, "user": each}} for each in account_ids]
    return {"status": 1, "data": rows}
