"""Asks what a sync of one person would do, and holds it against what one then does."""

from dataclasses import dataclass
from typing import Any

from psycopg import sql

from domain.ids import Key, Userid, member_key
from store.events import previews
from store.events.previews import Preview, PreviewKey
from store.inbox.record import post_internal
from store.org import corps, journal
from store.sealing import DataKey
from tests.support.org.pipeline import Bench, Tenant
from workers.inbox.preview import preview

# A step of a preview, or what a drain has written: name, key, before, after, reason.
Step = tuple[str, str, str, str, str]
_TABLES = """
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
        AND NOT relispartition ORDER BY 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a sync of one person has done."""

    steps: list[Step]
    held: list[Step]
    notices: set[tuple[str, str]]
    outcome: str


def key_of(bench: Bench, tenant: Tenant, userid: str) -> tuple[DataKey, PreviewKey]:
    """The corp's key, and where a preview lies."""
    with bench.own() as connection:
        corp = corps.get(connection, tenant.corp_pk)
    data_key = bench.runtime.data_key(corp)
    return data_key, previews.key_of(data_key, tenant.corp_pk, userid)


def foreseen(bench: Bench, tenant: Tenant, userid: str) -> Preview:
    """The answer of a preview that is asked for now."""
    data_key, key = key_of(bench, tenant, userid)
    redis = bench.runtime.redis
    assert previews.ask(redis, data_key, key, userid=userid, by="li")
    preview(bench.runtime, key.reference)
    found = previews.find(redis, data_key, key)
    assert found is not None
    assert found.state is previews.PreviewState.ANSWERED, found
    return found


def sync(bench: Bench, tenant: Tenant, userid: str) -> Effect:
    """What asking about this person does, by the mail that the console posts."""
    [[last]] = bench.execute("SELECT coalesce(max(line_id), 0) FROM journal")
    [[before]] = bench.execute("SELECT coalesce(max(notice_id), 0) FROM notices")
    with bench.own() as connection:
        event_id = post_internal(
            connection,
            mailbox=tenant.mailbox,
            kind="change_contact",
            key=member_key(Userid(userid)),
            hint={},
        )
    bench.drain(tenant)
    [[settled, waits]] = bench.execute(
        "SELECT outcome, waits_for FROM inbox WHERE event_id = %s", event_id
    )
    with bench.own() as connection:
        corp = corps.get(connection, tenant.corp_pk)
        data_key = bench.runtime.data_key(corp)
        lines = [
            each
            for each in journal.read_all(connection, tenant.corp_pk, data_key=data_key)
            if each.line_id > last
        ]
    waiting = bench.execute(
        "SELECT decision, key, before, after, reason FROM plan_entries"
        " WHERE corp_pk = %s AND state = 'waiting' AND key = %s",
        tenant.corp_pk,
        member_key(Userid(userid)),
    )
    queued = bench.execute(
        "SELECT userid, kind FROM notices JOIN members USING (corp_pk, member_pk)"
        " WHERE notice_id > %s",
        before,
    )
    return Effect(
        steps=[_step(e.decision, e.key, e.before, e.after, e.reason) for e in lines],
        held=[_step(*each) for each in waiting],
        notices=set(queued),
        outcome=settled or waits or "",
    )


def effect_of(foreseen: Preview) -> Effect:
    """What a preview says would be done."""
    told = [
        (e.held, _step(e.name, e.key, e.before, e.after, e.reason))
        for e in foreseen.steps
    ]
    return Effect(
        steps=[step for held, step in told if not held],
        held=[step for held, step in told if held],
        notices={
            (each.userid, each.kind)
            for each in foreseen.notices
            if each.state == "queued"
        },
        outcome=foreseen.outcome,
    )


def everything(bench: Bench) -> dict[str, str]:
    """A checksum of every table, by name."""
    tables = [name for (name,) in bench.execute(_TABLES)]
    return {name: _checksum(bench, name) for name in tables}


def _checksum(bench: Bench, table: str) -> str:
    whole = sql.SQL(
        "SELECT md5(coalesce(string_agg(whole, '|' ORDER BY whole), ''))"
        " FROM (SELECT t::text AS whole FROM {} AS t) AS rows"
    ).format(sql.Identifier(table))
    [[found]] = bench.execute(whole.as_string())
    return str(found)


def _step(name: str, key: Key | str, before: Any, after: Any, reason: str) -> Step:
    after = dict(after)
    if name == "CreateAccount":
        after["link"] = {**after["link"], "account_id": None}
    return name, str(key), repr(_sorted(before)), repr(_sorted(after)), str(reason)


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return value
