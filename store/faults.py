"""Why a store cannot be used, told from what its client raised.

libpq hands on no code for what happens before a session exists, only the words, and a
server's own may be in its language.
"""

import re
from collections.abc import Sequence
from enum import StrEnum

import psycopg
from redis import exceptions as of_redis


class StoreFault(StrEnum):
    """What is to be mended, each with another remedy."""

    UNKNOWN_HOST = "unknown_host"
    REFUSED = "refused"
    NO_SOCKET = "no_socket"
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - a kind, not a secret.
    PASSWORD_MISSING = "password_missing"  # noqa: S105 - a kind, not a secret.
    PASSWORD_UNWANTED = "password_unwanted"  # noqa: S105 - a kind, not a secret.
    UNKNOWN_ROLE = "unknown_role"
    NO_LOGIN = "no_login"
    NO_DATABASE = "no_database"
    NOT_ADMITTED = "not_admitted"
    NOT_ALLOWED = "not_allowed"
    TLS_REQUIRED = "tls_required"
    TLS_REFUSED = "tls_refused"
    TLS_CERTIFICATE = "tls_certificate"
    TOO_MANY = "too_many"
    STARTING = "starting"
    READ_ONLY = "read_only"
    CLUSTER = "cluster"
    FULL = "full"
    POOLER_OPTIONS = "pooler_options"
    POOLER_ALONE = "pooler_alone"
    NOT_MIGRATED = "not_migrated"
    NO_SCHEMA = "no_schema"
    FOREIGN_SERVER = "foreign_server"
    OTHER = "other"


Pattern = tuple[StoreFault, str]

# What a server says tells more than that another one of the list was not there.
_SAID_BY_POSTGRES: Sequence[Pattern] = (
    (StoreFault.POOLER_OPTIONS, r"unsupported startup parameter"),
    (
        StoreFault.NO_DATABASE,
        r"database \S.* does not exist|no such database|数据库.+不存在",
    ),
    (StoreFault.UNKNOWN_ROLE, r"role \S.* does not exist|no such user|角色.+不存在"),
    (StoreFault.NO_LOGIN, r"is not permitted to log in|不允许登录"),
    (StoreFault.PASSWORD_MISSING, r"no password supplied"),
    (StoreFault.WRONG_PASSWORD, r"authentication failed|SASL|认证失败"),
    (
        StoreFault.TLS_REQUIRED,
        r"\A(?!.*(SSL encryption|SSL on)).*no pg_hba.conf entry.*"
        r"(no encryption|SSL off)|SSL required",
    ),
    (StoreFault.NOT_ADMITTED, r"pg_hba.conf|permission denied for database"),
    (
        StoreFault.TOO_MANY,
        r"too many (clients|connections)|connection slots|no more connections",
    ),
    (StoreFault.STARTING, r"database system is|not accepting connections"),
    (
        StoreFault.READ_ONLY,
        r"session is read-only|hot standby mode|read-only transaction",
    ),
    (
        StoreFault.POOLER_ALONE,
        r"server_login_retry|query_wait_timeout|server login"
        r"|connect to server failed|pgbouncer",
    ),
    (StoreFault.TLS_REFUSED, r"does not support SSL"),
    (
        StoreFault.FOREIGN_SERVER,
        r"invalid response|expected authentication"
        r"|server closed the connection",
    ),
    (StoreFault.TLS_CERTIFICATE, r"certificate|SSL error|SSL SYSCALL"),
)  # fmt: skip
_SAID_BY_THE_NETWORK: Sequence[Pattern] = (
    (StoreFault.REFUSED, r"Connection refused|Error 111 |Error 61 "),
    (StoreFault.TIMED_OUT, r"timeout|timed out"),
    (
        StoreFault.UNKNOWN_HOST,
        r"resolve host|translate host|Name or service|nodename nor"
        r"|No address associated|Temporary failure in name",
    ),
    (StoreFault.UNREACHABLE, r"unreachable|No route to host"),
    (StoreFault.NO_SOCKET, r"No such file or directory"),
    (StoreFault.NOT_ALLOWED, r"Permission denied"),
)  # fmt: skip
_SAID_BY_REDIS: Sequence[Pattern] = (
    (StoreFault.PASSWORD_UNWANTED, r"without any password configured"),
    (
        StoreFault.PASSWORD_MISSING,
        r"Authentication required|NOAUTH|already authenticated",
    ),
    (StoreFault.NOT_ADMITTED, r"protected mode"),
    (StoreFault.NO_DATABASE, r"DB index is out of range|invalid DB index"),
    (StoreFault.TOO_MANY, r"max number of clients"),
    (StoreFault.CLUSTER, r"CLUSTERDOWN|MOVED|cluster mode"),
    (StoreFault.FULL, r"OOM|maxmemory|MISCONF"),
    (StoreFault.STARTING, r"LOADING|loading the dataset|MASTERDOWN"),
    (StoreFault.NOT_ALLOWED, r"NOPERM|no permissions|unknown command"),
    (StoreFault.TLS_REFUSED, r"WRONG_VERSION_NUMBER|record layer failure"),
    (StoreFault.TLS_CERTIFICATE, r"SSL|certificate"),
    (StoreFault.TLS_REQUIRED, r"Connection closed by server|Connection reset"),
)  # fmt: skip
_TYPES_OF_REDIS: Sequence[tuple[type[Exception], StoreFault]] = (
    (of_redis.NoPermissionError, StoreFault.NOT_ALLOWED),
    (of_redis.ReadOnlyError, StoreFault.READ_ONLY),
    (of_redis.BusyLoadingError, StoreFault.STARTING),
    (of_redis.ClusterDownError, StoreFault.CLUSTER),
    (of_redis.OutOfMemoryError, StoreFault.FULL),
    (of_redis.InvalidResponse, StoreFault.FOREIGN_SERVER),
)


def postgres_fault(error: BaseException) -> StoreFault:
    """Why Postgres cannot be used."""
    if isinstance(error, psycopg.errors.ConnectionTimeout):
        return StoreFault.TIMED_OUT
    if isinstance(
        error,
        psycopg.errors.UndefinedTable
        | psycopg.errors.UndefinedColumn
        | psycopg.errors.UndefinedFunction,
    ):
        return StoreFault.NOT_MIGRATED
    if isinstance(error, psycopg.errors.InvalidSchemaName):
        return StoreFault.NO_SCHEMA
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return StoreFault.NOT_ALLOWED
    return _first(str(error), (*_SAID_BY_POSTGRES, *_SAID_BY_THE_NETWORK))


def redis_fault(error: BaseException) -> StoreFault:
    """Why Redis cannot be used."""
    for kind, fault in _TYPES_OF_REDIS:
        if isinstance(error, kind):
            return fault
    fault = _first(str(error), (*_SAID_BY_REDIS, *_SAID_BY_THE_NETWORK))
    if fault is StoreFault.OTHER and isinstance(error, of_redis.AuthenticationError):
        return StoreFault.WRONG_PASSWORD
    return fault


def _first(text: str, patterns: Sequence[Pattern]) -> StoreFault:
    for fault, pattern in patterns:
        if re.search(pattern, text, re.IGNORECASE | re.DOTALL):
            return fault
    return StoreFault.OTHER
