"""What stands between us and Postgres, and what it does unless our sessions say so."""

from collections.abc import Iterator
from typing import Any

import psycopg

from store.connecting import CONNECT_SECONDS, SESSION
from workers.doctor.verdicts import ProbeResult, Words, failed, fine

Session = psycopg.Connection[tuple[Any, ...]]


def examine(database_url: str) -> Iterator[ProbeResult]:
    """A pooler, where tables are kept, the encoding, and defaults that we replace."""
    with _raw(database_url) as connection:
        yield from _pooler(connection, database_url)
        yield _place(connection)
        yield _encoding(connection)
        yield _defaults(connection)


def _raw(database_url: str) -> Session:
    """A session as the server begins it: nothing of it is ours yet."""
    return psycopg.connect(
        database_url, connect_timeout=CONNECT_SECONDS, autocommit=True
    )


def _pooler(connection: Session, database_url: str) -> Iterator[ProbeResult]:
    served_by = _one(connection, "SELECT pg_backend_pid()")
    if served_by == connection.info.backend_pid:
        return
    # Two of ours are open, and neither is in a transaction: who gets the same server
    # process twice shares it between transactions.
    with _raw(database_url) as other:
        shared = _one(other, "SELECT pg_backend_pid()") == served_by
    if not shared:
        yield fine(
            "pooler",
            en="A pooler stands before Postgres and keeps one connection for each "
            "session, as is needed.",
            zh="Postgres 前面有连接池，按会话分配连接，符合要求。",
        )
        return
    yield failed(
        "pooler",
        Words(
            en="A pooler stands before Postgres and gives a connection away after each "
            "transaction: session settings, prepared statements and the lock of "
            "`migrate` do not stay with us.",
            zh="Postgres 前面的连接池按事务分配连接：会话设置、预备语句和 migrate 的"
            "锁都无法保持。",
        ),
        Words(
            en="Set pool_mode = session for this database in the pooler (PgBouncer), "
            "or let DATABASE_URL lead past it to Postgres.",
            zh="请在连接池（PgBouncer）中为该库设置 pool_mode = session，"
            "或让 DATABASE_URL 直连 Postgres。",
        ),
    )


def _place(connection: Session) -> ProbeResult:
    path = str(_one(connection, "SHOW search_path"))
    schema = _one(connection, "SELECT current_schema()")
    if schema is not None:
        return fine(
            "search_path",
            en=f"Tables are kept in the schema {schema} (search_path {path}).",
            zh=f"表保存在 schema {schema}（search_path 为 {path}）。",
        )
    return failed(
        "search_path",
        Words(
            en=f"No schema of the search_path {path} exists.",
            zh=f"search_path {path} 中的 schema 都不存在。",
        ),
        Words(
            en="CREATE SCHEMA it, or correct search_path: in `options` of "
            "DATABASE_URL, by ALTER ROLE or ALTER DATABASE … SET.",
            zh="请 CREATE SCHEMA，或修正 search_path（DATABASE_URL 的 options、"
            "ALTER ROLE 或 ALTER DATABASE … SET）。",
        ),
    )


def _encoding(connection: Session) -> ProbeResult:
    name = str(_one(connection, "SHOW server_encoding"))
    if name == "UTF8":
        return fine("encoding", en="The database is UTF8.", zh="数据库编码为 UTF8。")
    return failed(
        "encoding",
        Words(
            en=f"The database is {name}, which cannot keep every name.",
            zh=f"数据库编码为 {name}，无法保存所有姓名。",
        ),
        Words(
            en="Make another: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0.",
            zh="请新建：CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0。",
        ),
    )


def _defaults(connection: Session) -> ProbeResult:
    """Which defaults of the server, database or role our sessions replace."""
    theirs = {
        name: str(_one(connection, f"SELECT current_setting('{name}')"))
        for name in SESSION
    }
    odd = [
        f"{name} {theirs[name]} → {ours}"
        for name, ours in SESSION.items()
        if theirs[name] != ours
    ]
    if not odd:
        return fine(
            "session",
            en="Sessions begin as ours want them.",
            zh="会话默认设置与我们的一致。",
        )
    listed = "; ".join(odd)
    return fine(
        "session",
        en=f"Our sessions replace defaults of the server: {listed}.",
        zh=f"我们的会话会替换服务器的默认设置：{listed}。",
    )


def _one(connection: Session, query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None
