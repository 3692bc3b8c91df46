"""The doctor names why a store cannot be used, each cause with a remedy of its own."""

import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
import redis
from click.testing import CliRunner

from manage import cli
from settings import Settings
from store.faults import StoreFault, postgres_fault, redis_fault
from tests.support.processes.transaction_pooler import pooler
from tests.support.webclient import web_settings
from tests.support.workbench import environment_for
from texts.catalogue import catalogue
from workers.doctor.doctor import examine
from workers.doctor.probe_stores import examine_postgres, examine_redis
from workers.doctor.store_words import find_postgres_trouble
from workers.doctor.verdicts import ProbeResult, Verdict

NOBODY_LISTENS = "127.0.0.1:1"
LOST = {"postgres": "postgresql://u:hunter2@127.0.0.1:1/d"}


@pytest.fixture
def short_folder() -> Iterator[Path]:
    # pytest's own folders are too long for the name of a socket.
    with tempfile.TemporaryDirectory(prefix="pool-") as folder:
        yield Path(folder)


@pytest.fixture
def web_server() -> Iterator[int]:
    """The port of something that speaks HTTP."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client:
                client.recv(100)
                client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def fault_of(url: str) -> StoreFault | None:
    trouble = find_postgres_trouble(url)
    return trouble.fault if trouble else None


def test_each_way_to_miss_postgres_is_told_apart(
    database: str, web_server: int
) -> None:
    with psycopg.connect(database, autocommit=True) as rows:
        rows.execute("DROP ROLE IF EXISTS test_no_login")
        rows.execute("CREATE ROLE test_no_login NOLOGIN")
    other = database.replace("/" + _name_of(database), "/no_such_database")

    told = {
        "refused": fault_of(f"postgresql://u:p@{NOBODY_LISTENS}/d"),
        "unknown host": fault_of("postgresql://u:p@nowhere.invalid/d"),
        "no socket": fault_of("postgresql:///d?host=/nowhere"),
        "web": fault_of(f"postgresql://u:p@127.0.0.1:{web_server}/d"),
        "database": fault_of(other),
        "role": fault_of(f"{database}&user=nobody_here"),
        "no login": fault_of(f"{database}&user=test_no_login"),
        "sound": fault_of(database),
    }

    assert told == {
        "refused": StoreFault.REFUSED,
        "unknown host": StoreFault.UNKNOWN_HOST,
        "no socket": StoreFault.NO_SOCKET,
        "web": StoreFault.FOREIGN_SERVER,
        "database": StoreFault.NO_DATABASE,
        "role": StoreFault.UNKNOWN_ROLE,
        "no login": StoreFault.NO_LOGIN,
        "sound": None,
    }


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('FATAL:  password authentication failed for user "u"', "wrong_password"),
        ('致命错误:  用户 "u" Password 认证失败', "wrong_password"),
        ('致命错误:  数据库 "d" 不存在', "no_database"),
        ("fe_sendauth: no password supplied", "password_missing"),
        ('no pg_hba.conf entry for host "1", no encryption', "tls_required"),
        (
            'no pg_hba.conf entry for host "1", SSL encryption\n'
            'no pg_hba.conf entry for host "1", no encryption',
            "not_admitted",
        ),
        ("server does not support SSL, but SSL was required", "tls_refused"),
        ("SSL error: certificate verify failed", "tls_certificate"),
        ('root certificate file "/x" does not exist', "tls_certificate"),
        ("FATAL:  sorry, too many clients already", "too_many"),
        ("FATAL:  the database system is starting up", "starting"),
        ("session is read-only", "read_only"),
        ("FATAL:  unsupported startup parameter: options", "pooler_options"),
        ("FATAL:  server login has been failing, server_login_retry", "pooler_alone"),
        ("connection timeout expired", "timed_out"),
        ("connect failed: No route to host", "unreachable"),
        (
            "- host: 'a': Connection refused\n- host: 'b': FATAL:  database \"d\" does"
            " not exist",
            "no_database",
        ),
    ],
)
def test_what_libpq_says_is_read_as_its_cause(text: str, fault: str) -> None:
    assert postgres_fault(psycopg.OperationalError(text)) == fault


def test_each_way_to_miss_redis_is_told_apart(redis_url: str, web_server: int) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.execute_command(
            "ACL", "SETUSER", "weak", "on", ">pw", "~*", "+ping", "+info", "+select"
        )
    host = urlsplit(redis_url).netloc.rpartition("@")[2]

    told = {
        "refused": redis_fault_of(f"redis://{NOBODY_LISTENS}"),
        "unknown host": redis_fault_of("redis://nowhere.invalid"),
        "no socket": redis_fault_of("unix:///nowhere/redis.sock"),
        "web": redis_fault_of(f"redis://127.0.0.1:{web_server}"),
        "tls": redis_fault_of(f"rediss://127.0.0.1:{web_server}"),
        "no password": redis_fault_of(f"redis://{host}/0"),
        "password": redis_fault_of(f"redis://:hunter2@{host}/0"),
        "database": redis_fault_of(f"{redis_url.rpartition('/')[0]}/9999"),
        "rights": redis_fault_of(f"redis://weak:pw@{host}/0"),
    }

    assert told == {
        "refused": "refused",
        "unknown host": "unknown_host",
        "no socket": "no_socket",
        "web": "foreign_server",
        "tls": "tls_refused",
        "no password": "password_missing",
        "password": "wrong_password",
        "database": "no_database",
        "rights": "not_allowed",
    }


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (redis.ReadOnlyError("You can't write against a replica."), "read_only"),
        (redis.BusyLoadingError("Redis is loading the dataset in memory"), "starting"),
        (redis.ResponseError("MOVED 1 10.0.0.1:6379"), "cluster"),
        (redis.ResponseError("OOM command not allowed"), "full"),
        (redis.ResponseError("MISCONF Redis is configured to save"), "full"),
        (redis.ConnectionError("DENIED Redis runs in protected mode"), "not_admitted"),
        (redis.ConnectionError("max number of clients reached"), "too_many"),
        (redis.ConnectionError("Connection closed by server."), "tls_required"),
        (redis.TimeoutError("Timeout connecting to server"), "timed_out"),
        (
            redis.AuthenticationError("AUTH called without any password configured"),
            "password_unwanted",
        ),
    ],
)
def test_what_redis_says_is_read_as_its_cause(error: Exception, fault: str) -> None:
    assert redis_fault(error) == fault


def test_every_cause_has_words_that_no_other_has() -> None:
    for store in ("postgres", "redis"):
        said = {
            key: text
            for key, text in catalogue("en").items()
            if key.startswith(f"store.{store}.") and key.endswith(".said")
        }

        assert len(said) > 15
        assert len(set(said.values())) == len(said)
        assert {key.split(".")[2] for key in said} <= set(StoreFault)


def test_without_redis_nothing_is_blamed_on_wecom(database: str) -> None:
    lost = replace(settings(database), redis_url=f"redis://:hunter2@{NOBODY_LISTENS}")

    found = list(examine(lambda: lost))

    text = " ".join(str(each) for each in found)
    assert "WECOM_API_URL" not in text
    assert "hunter2" not in text
    [unusable] = [each for each in found if each.probe == "redis"]
    assert unusable.said.en == "Nothing listens at 127.0.0.1:1."
    assert unusable.advice is not None
    assert "Start Redis" in unusable.advice.en
    [later] = [each for each in found if each.probe == "wecom tokens"]
    assert later.verdict is Verdict.LATER


@pytest.mark.parametrize(
    "arguments",
    [
        ["migrate"],
        ["resync", "wpA"],
        ["plan", "wpA"],
        ["approve", "1"],
        ["reject", "1"],
        ["retry", "1"],
        ["replay", "wpA"],
        ["diff", "wpA", "--from", "2026-01-05"],
        ["doubtful-links"],
        ["create-operator", "ada"],
        ["remove-operator", "ada"],
        ["rotate-keys"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_no_command_ends_in_a_traceback_because_postgres_is_away(
    arguments: list[str],
    redis_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    lost = environment_for(database=LOST["postgres"], redis_url=redis_url)

    result = CliRunner().invoke(cli, arguments, env=lost)

    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert "Nothing listens at 127.0.0.1:1. Start Postgres there" in result.output
    assert "hunter2" not in result.output


@pytest.mark.parametrize("arguments", [["replay", "wpA"], ["doubtful-links"]])
def test_a_database_that_was_not_migrated_is_told_so(
    arguments: list[str],
    empty_database: str,
    redis_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    bare = environment_for(database=empty_database, redis_url=redis_url)

    result = CliRunner().invoke(cli, arguments, env=bare)

    assert result.exit_code == 1
    assert "Run: python manage.py migrate" in result.output


def test_a_role_that_may_not_make_tables_is_told_what_to_grant(
    empty_database: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(empty_database, autocommit=True) as rows:
        rows.execute("DROP ROLE IF EXISTS test_weak")
        rows.execute("CREATE ROLE test_weak LOGIN")
    monkeypatch.chdir(tmp_path)
    weak = environment_for(
        database=f"{empty_database}&user=test_weak", redis_url=redis_url
    )

    result = CliRunner().invoke(cli, ["migrate"], env=weak)

    assert result.exit_code == 1
    assert "OWNER TO test_weak" in result.output


@pytest.mark.parametrize(
    ("shares", "verdict"), [(True, Verdict.FAILED), (False, Verdict.OK)]
)
def test_a_pooler_is_named_and_judged_by_what_it_shares(
    database: str, short_folder: Path, shares: bool, verdict: Verdict
) -> None:
    server = Path(parse_qs(urlsplit(database).query)["host"][0])
    with pooler(short_folder, server=server, shares=shares) as folder:
        url = database.replace(str(server), str(folder))

        found = findings(
            examine_postgres, replace(settings(database), database_url=url)
        )

    assert found["pooler"].verdict is verdict
    if verdict is Verdict.FAILED:
        assert "pool_mode = session" in str(found["pooler"].advice)


def test_without_a_pooler_none_is_named(database: str) -> None:
    assert "pooler" not in findings(examine_postgres, settings(database))


def test_a_search_path_that_leads_nowhere_is_a_fault(database: str) -> None:
    url = f"{database}&options=-csearch_path%3Dnowhere"

    found = findings(examine_postgres, replace(settings(database), database_url=url))

    assert found["search_path"].verdict is Verdict.FAILED
    assert found["schema"].verdict is Verdict.FAILED
    assert "nowhere" in found["search_path"].said.en


def test_defaults_that_ours_replace_are_told_and_are_no_fault(database: str) -> None:
    url = f"{database}&options=-cdatestyle%3DGerman"

    found = findings(examine_postgres, replace(settings(database), database_url=url))

    assert found["session"].verdict is Verdict.OK
    assert "datestyle German" in found["session"].said.en


def settings(database: str, redis_url: str = "redis://127.0.0.1:1") -> Settings:
    return web_settings(database=database, redis_url=redis_url)


def findings(
    probe: Callable[[Settings], Iterator[ProbeResult]], given: Settings
) -> dict[str, ProbeResult]:
    return {each.probe: each for each in probe(given)}


def redis_fault_of(url: str) -> str:
    """By which words of the catalogue the doctor tells it."""
    *_, found = examine_redis(settings("postgresql:///d", url))
    for key, text in catalogue("en").items():
        pattern = text.split("{place}")
        if key.startswith("store.redis.") and all(
            each in found.said.en for each in pattern
        ):
            return key.split(".")[2]
    return found.said.en


def _name_of(url: str) -> str:
    return urlsplit(url).path.lstrip("/")
