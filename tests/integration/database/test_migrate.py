"""Migrations run for whoever runs them, and leave nothing alarming behind."""

import os
import subprocess
import sys
from collections.abc import Mapping

import psycopg

from store.migrate import list_missing, migrate
from tests.guards.source import ROOT
from tests.support.processes.servers import Guarded

# As in `docker run --user 12345`. Only root can become such a uid, and keeps the
# effective one, because the socket's folder is closed to others.
NAMELESS = """
import os, pwd, sys
from store.migrate import migrate

def nameless(uid):
    raise KeyError(f"getpwuid(): uid not found: {uid}")

if os.getuid() == 0:
    os.setreuid(54321, 0)
else:
    pwd.getpwuid = nameless
migrate(sys.argv[1])
"""
NAMES = {"LOGNAME", "USER", "LNAME", "USERNAME"}


def without_names(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: each for name, each in environment.items() if name not in NAMES}


def test_a_uid_without_a_name_can_migrate(empty_database: str) -> None:
    ran = subprocess.run(  # noqa: S603 - our own interpreter and program
        [sys.executable, "-c", NAMELESS, empty_database],
        cwd=ROOT,
        env=without_names(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    assert list_missing(empty_database) == []


def test_the_log_of_migrations_names_the_role(empty_database: str) -> None:
    applied = migrate(empty_database)

    with psycopg.connect(empty_database) as connection:
        logged = connection.execute(
            "SELECT migration_id, username FROM _yoyo_log ORDER BY migration_id"
        ).fetchall()
        role = connection.info.user
    assert logged == [(name, role) for name in applied]


def test_the_servers_log_shows_no_error_of_it(
    guarded: Guarded, empty_database: str
) -> None:
    migrate(empty_database)
    migrate(empty_database)

    # Somebody else's server keeps its log to itself; an embedded one is the rule.
    log = guarded.state.logs / "postgres.log"
    lines = log.read_text("utf-8").splitlines() if log.exists() else []
    assert [line for line in lines if "ERROR" in line and "yoyo" in line] == []
