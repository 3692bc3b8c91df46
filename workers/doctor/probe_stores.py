"""Probes of Postgres, Redis and what keeps the sync going."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
from redis import RedisError

from settings import Settings
from store.connecting import connect
from store.faults import StoreFault, postgres_fault, redis_fault
from store.intake.spill import SpillUnavailable, open_spill
from store.migrate import list_missing
from store.retention.rotation import HEAD_BYTES, SEALED, head_of, list_heads
from store.sealing import Keyring
from workers.doctor import probe_sessions
from workers.doctor.store_words import (
    find_postgres_trouble,
    tell_postgres,
    tell_redis,
)
from workers.doctor.verdicts import ProbeResult, Words, failed, fine, warning
from workers.queue.broker import make_client

_OLDEST_POSTGRES = 15
_CLOCK_WARNS_SECONDS, _CLOCK_FAILS_SECONDS = 2.0, 30.0
_REDIS_SECONDS = 2.0
_WAITS_TOO_LONG_SECONDS = 300.0


def examine_postgres(settings: Settings) -> Iterator[ProbeResult]:
    """Reachable, new enough, durable, in time, and last whether it is migrated."""
    trouble = find_postgres_trouble(settings.database_url)
    if trouble is not None:
        yield failed("postgres", trouble.said, trouble.advice)
        return
    with connect(settings.database_url) as connection:
        yield _version(connection)
        yield _durability(connection)
        yield _clock(connection)
    yield from probe_sessions.examine(settings.database_url)
    yield _schema(settings)


def _version(connection: psycopg.Connection) -> ProbeResult:
    version = connection.info.server_version // 10_000
    if version >= _OLDEST_POSTGRES:
        return fine("postgres", en=f"Postgres {version}.", zh=f"Postgres {version}。")
    return failed(
        "postgres",
        Words(
            en=f"Postgres {version} is too old.", zh=f"Postgres {version} 版本过低。"
        ),
        Words(
            en=f"Run Postgres {_OLDEST_POSTGRES} or newer; DATABASE_URL names it.",
            zh=f"请使用 Postgres {_OLDEST_POSTGRES} 或更新版本，并修改 DATABASE_URL。",
        ),
    )


def _durability(connection: psycopg.Connection) -> ProbeResult:
    shown = {
        name: str(_one(connection, f"SELECT current_setting('{name}')"))
        for name in ("synchronous_commit", "fsync")
    }
    weak = [name for name, value in shown.items() if value == "off"]
    if not weak:
        return fine(
            "durability",
            en="A commit is on disk before it is answered.",
            zh="提交在应答前已写入磁盘。",
        )
    names = ", ".join(weak)
    return failed(
        "durability",
        Words(
            en=f"{names} is off: an acknowledged event can be lost.",
            zh=f"{names} 为 off：已确认的事件可能丢失。",
        ),
        Words(
            en=f"In postgresql.conf: {weak[0]} = on, then reload it.",
            zh=f"在 postgresql.conf 中设置 {weak[0]} = on 并重新加载。",
        ),
    )


def _clock(connection: psycopg.Connection) -> ProbeResult:
    theirs = _one(connection, "SELECT clock_timestamp()")
    skew = abs((datetime.now(UTC) - theirs).total_seconds())
    if skew < _CLOCK_WARNS_SECONDS:
        return fine(
            "clock",
            en="This machine and Postgres agree on the time.",
            zh="本机与 Postgres 的时间一致。",
        )
    said = Words(
        en=f"This machine's clock and Postgres' differ by {skew:.0f} s.",
        zh=f"本机与 Postgres 的时间相差 {skew:.0f} 秒。",
    )
    advice = Words(
        en="Synchronise both clocks (NTP); callbacks older than 600 s are refused.",
        zh="请用 NTP 校准两边的时间；超过 600 秒的回调会被拒绝。",
    )
    tell = failed if skew > _CLOCK_FAILS_SECONDS else warning
    return tell("clock", said, advice)


def _schema(settings: Settings) -> ProbeResult:
    try:
        missing = list_missing(settings.database_url)
    except psycopg.Error as error:
        trouble = tell_postgres(postgres_fault(error), settings.database_url)
        return failed("schema", trouble.said, trouble.advice)
    if not missing:
        return fine("schema", en="The schema is the newest.", zh="数据库结构已是最新。")
    return failed(
        "schema",
        Words(
            en=f"Migrations are missing: {', '.join(missing)}.",
            zh=f"缺少迁移：{', '.join(missing)}。",
        ),
        Words(
            en="Run: python manage.py migrate", zh="请执行：python manage.py migrate"
        ),
    )


def examine_redis(settings: Settings) -> Iterator[ProbeResult]:
    """Reachable, evicting nothing, and able to confirm a spilled event."""
    client = make_client(settings.redis_url, timeout_seconds=_REDIS_SECONDS)
    try:
        client.ping()
        known = dict(client.info())
    except (RedisError, OSError) as error:
        yield _unusable(redis_fault(error), settings)
        return
    finally:
        client.close()
    if str(known.get("cluster_enabled")) == "1":
        yield _unusable(StoreFault.CLUSTER, settings)
    elif known.get("role") == "slave":
        yield _unusable(StoreFault.READ_ONLY, settings)
    else:
        yield _eviction(str(known.get("maxmemory_policy", "")))
        yield _spill(settings)


def _unusable(fault: StoreFault, settings: Settings) -> ProbeResult:
    trouble = tell_redis(fault, settings.redis_url)
    return failed("redis", trouble.said, trouble.advice)


def _eviction(name: str) -> ProbeResult:
    if name == "noeviction":
        return fine("redis", en="Redis evicts nothing.", zh="Redis 不会淘汰数据。")
    return failed(
        "redis",
        Words(
            en=f"Redis may throw data away ({name}).",
            zh=f"Redis 可能淘汰数据（{name}）。",
        ),
        Words(
            en="In redis.conf: maxmemory-policy noeviction, then restart Redis.",
            zh="在 redis.conf 中设置 maxmemory-policy noeviction 并重启 Redis。",
        ),
    )


def _spill(settings: Settings) -> ProbeResult:
    try:
        open_spill(settings.redis_url, Keyring(settings.secret_keys)).probe()
    except SpillUnavailable as error:
        if error.__cause__ is not None:
            return _unusable(redis_fault(error.__cause__), settings)
        return failed(
            "spill",
            Words(
                en=f"Redis does not confirm what it writes ({error}): while Postgres "
                "is away, callbacks are refused.",
                zh=f"Redis 无法确认落盘（{error}）：Postgres 不可用时回调会被拒绝。",
            ),
            Words(
                en="In redis.conf: appendonly yes (before Redis 7.2 also "
                "appendfsync always).",
                zh="在 redis.conf 中：appendonly yes（Redis 7.2 之前还需 "
                "appendfsync always）。",
            ),
        )
    return fine(
        "spill",
        en="Events can wait in Redis while Postgres is away.",
        zh="Postgres 不可用时事件可暂存于 Redis。",
    )


def examine_sync(settings: Settings) -> Iterator[ProbeResult]:
    """Whether the clock leads, and mail is drained."""
    with connect(settings.database_url) as connection:
        yield _leader(connection)
        yield _backlog(connection)


def examine_secrets(settings: Settings) -> ProbeResult:
    """Whether every stored secret can be opened."""
    with connect(settings.database_url) as connection:
        return _keys(connection, settings)


def _leader(connection: psycopg.Connection) -> ProbeResult:
    alive = _one(
        connection,
        "SELECT EXISTS (SELECT 1 FROM leases WHERE mailbox = 'clock'"
        " AND expires_at > clock_timestamp())",
    )
    if alive:
        return fine("upkeep", en="The clock process leads.", zh="clock 进程正在工作。")
    return failed(
        "upkeep",
        Words(
            en="No clock process is at work: nothing is retried or scheduled.",
            zh="没有 clock 进程在工作：不会重试，也不会定时核对。",
        ),
        Words(
            en="Start the process `clock` of the Procfile.",
            zh="请启动 Procfile 中的 clock 进程。",
        ),
    )


def _backlog(connection: psycopg.Connection) -> ProbeResult:
    seconds = _one(
        connection,
        "SELECT extract(epoch FROM clock_timestamp() - min(received_at))::float8"
        " FROM inbox JOIN corps ON mailbox = 'corp:' || corp_id AND corps.state"
        " = 'linked' WHERE inbox.state = 'pending'",
    )
    if seconds is None or seconds < _WAITS_TOO_LONG_SECONDS:
        return fine(
            "workers", en="No event waits for long.", zh="没有长时间等待的事件。"
        )
    return failed(
        "workers",
        Words(
            en=f"An event of a linked corp has waited for {seconds / 60:.0f} minutes.",
            zh=f"有已关联企业的事件已等待 {seconds / 60:.0f} 分钟。",
        ),
        Words(
            en="Start the process `worker` of the Procfile, or see the findings below.",
            zh="请启动 Procfile 中的 worker 进程，或查看下面的检查结果。",
        ),
    )


def _keys(connection: psycopg.Connection, settings: Settings) -> ProbeResult:
    held = {head_of(Keyring((key,))) for key in settings.secret_keys}
    unknown = [
        sealed.name for sealed in SEALED if not list_heads(connection, sealed) <= held
    ]
    if not _heads_in_spill(settings) <= held:
        unknown.append("spill")
    if not unknown:
        return fine(
            "secret keys",
            en="SECRET_KEYS opens every stored secret.",
            zh="SECRET_KEYS 可解开所有已存密钥。",
        )
    names = ", ".join(unknown)
    return failed(
        "secret keys",
        Words(
            en=f"Sealed with a key that SECRET_KEYS lacks: {names}.",
            zh=f"以下数据的加密密钥不在 SECRET_KEYS 中：{names}。",
        ),
        Words(
            en="Append the former key to SECRET_KEYS, then: manage.py rotate-keys",
            zh="请把旧密钥追加到 SECRET_KEYS，再执行 manage.py rotate-keys。",
        ),
    )


def _heads_in_spill(settings: Settings) -> set[bytes]:
    """By which keys its mail is sealed; none while it cannot be asked: see redis."""
    spill = open_spill(settings.redis_url, Keyring(settings.secret_keys))
    try:
        return {entry[:HEAD_BYTES] for _, entry in spill.list_all()}
    except SpillUnavailable:
        return set()


def _one(connection: psycopg.Connection, query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None
