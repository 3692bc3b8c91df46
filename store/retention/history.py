"""Lets go of what is over for good: runs, notices, installs, and what people said."""

from domain.retention import DECIDED_DAYS, KEPT_DAYS
from store.database import Connection
from store.notices.cards import CODE_SECONDS

_DAYS = {"days": KEPT_DAYS, "decided": DECIDED_DAYS}
_OLD = "clock_timestamp() - make_interval(days => %(days)s)"
_OLD_DECISION = "clock_timestamp() - make_interval(days => %(decided)s)"


def prune_runs(connection: Connection, *, limit: int) -> int:
    """Forget runs that ended long ago, but for the newest of each corp.

    Shape: what counts as newer has ended, for a paused corp's may wait for years; a
        plan's is no read.
    """
    return connection.execute(
        f"""
        DELETE FROM runs WHERE run_id IN (
            SELECT run_id FROM runs AS old
            WHERE created_at < {_OLD} AND ended_at < {_OLD} AND (
                old.cause = 'plan' OR EXISTS (
                SELECT FROM runs AS newer WHERE newer.corp_pk = old.corp_pk
                    AND newer.cause <> 'plan' AND newer.ended_at IS NOT NULL
                    AND (newer.created_at, newer.run_id)
                        > (old.created_at, old.run_id)))
            ORDER BY created_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
        """,  # noqa: S608 - a constant of this module
        {**_DAYS, "limit": limit},
    ).rowcount


def prune_notices(connection: Connection, *, limit: int) -> int:
    """Forget messages that ask nothing any more and that others came after.

    Shape: the last of each cause stays as long as its member: its round counts on.
    """
    return connection.execute(
        f"""
        DELETE FROM notices WHERE (corp_pk, notice_id) IN (
            SELECT corp_pk, notice_id FROM notices AS old
            WHERE state <> 'queued' AND queued_at < {_OLD}
                AND greatest(tried_at, closed_at) < {_OLD}
                AND (closed IS NOT NULL OR state = 'undeliverable')
                AND EXISTS (
                    SELECT FROM notices AS newer WHERE newer.corp_pk = old.corp_pk
                        AND newer.member_pk = old.member_pk
                        AND newer.company_id = old.company_id
                        AND newer.kind = old.kind AND newer.kind IN ('link', 'invite')
                        AND newer.round > old.round)
            LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
        """,  # noqa: S608 - a constant of this module
        {**_DAYS, "limit": limit},
    ).rowcount


def prune_cards(connection: Connection, *, limit: int) -> int:
    """Forget who was sent a card about a plan that waits for nobody any more."""
    return connection.execute(
        f"""
        DELETE FROM notices WHERE (corp_pk, notice_id) IN (
            SELECT corp_pk, notice_id FROM notices AS old
            WHERE kind = 'approval' AND state <> 'queued' AND queued_at < {_OLD}
                AND NOT EXISTS (
                    SELECT FROM plans
                    WHERE plans.plan_id = old.plan_id AND plans.state = 'held')
            LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
        """,  # noqa: S608 - a constant of this module
        {**_DAYS, "limit": limit},
    ).rowcount


def prune_batches(connection: Connection, *, limit: int) -> int:
    """Forget calls that are over: their addresses open nothing any more.

    A card that can still be changed stays until its plan is decided.
    """
    return connection.execute(
        f"""
        DELETE FROM notice_batches WHERE batch_id IN (
            SELECT batch_id FROM notice_batches
            WHERE state <> 'frozen' AND code_until IS NULL
                AND coalesce(ended_at, frozen_at) < {_OLD}
            LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
        """,  # noqa: S608 - a constant of this module
        {**_DAYS, "limit": limit},
    ).rowcount


def prune_card_answers(connection: Connection, *, limit: int) -> int:
    """Forget clicks that nobody can be told about: WeCom takes their code no more."""
    return connection.execute(
        """
        DELETE FROM card_answers WHERE (corp_pk, answer_id) IN (
            SELECT corp_pk, answer_id FROM card_answers
            WHERE queued_at < clock_timestamp() - make_interval(secs => %s)
            LIMIT %s FOR UPDATE SKIP LOCKED)
        """,
        [CODE_SECONDS, limit],
    ).rowcount


def prune_installs(connection: Connection, *, limit: int) -> int:
    """Forget auth codes long after them, once no mail about them is left.

    A purge finds the mail of a corp's codes by these rows, so they outlive it.
    """
    return connection.execute(
        f"""
        DELETE FROM installs WHERE code_hash IN (
            SELECT code_hash FROM installs AS old
            WHERE state <> 'exchanged' AND coalesce(ended_at, seen_at) < {_OLD}
                AND NOT EXISTS (
                    SELECT FROM inbox WHERE inbox.mailbox = 'code:' || old.code_hash)
            LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
        """,  # noqa: S608 - a constant of this module
        {**_DAYS, "limit": limit},
    ).rowcount


def prune_acts(connection: Connection, *, limit: int) -> int:
    """Forget what was done on companies' pages, unless a worker has yet to do it."""
    return connection.execute(
        f"""
        DELETE FROM company_acts WHERE (corp_pk, act_id) IN (
            SELECT corp_pk, act_id FROM company_acts AS old
            WHERE done_at < {_OLD_DECISION} AND NOT EXISTS (
                SELECT FROM link_claims AS claim WHERE claim.corp_pk = old.corp_pk
                    AND claim.claim_id = (told ->> 'claim_id')::bigint
                    AND taken_at IS NULL)
            LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
        """,  # noqa: S608 - a constant of this module
        {**_DAYS, "limit": limit},
    ).rowcount


def prune_claims(connection: Connection, *, limit: int) -> int:
    """Forget what was said about a link when the very same was said again later.

    Shape: what still counts is the newest of each kind about each account
        (domain/links/claims.py), and whoever comes back is asked what they ever left.
    """
    return connection.execute(
        f"""
        DELETE FROM link_claims WHERE (corp_pk, claim_id) IN (
            SELECT corp_pk, claim_id FROM link_claims AS old
            WHERE taken_at < {_OLD_DECISION} AND EXISTS (
                SELECT FROM link_claims AS newer WHERE newer.corp_pk = old.corp_pk
                    AND newer.member_pk = old.member_pk
                    AND newer.claim_id > old.claim_id AND newer.kind = old.kind
                    AND newer.company_id = old.company_id
                    AND newer.account_id IS NOT DISTINCT FROM old.account_id)
            LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
        """,  # noqa: S608 - a constant of this module
        {**_DAYS, "limit": limit},
    ).rowcount


def prune_plans(connection: Connection, *, limit: int) -> int:
    """Forget plans that were decided long ago and in which nothing waits.

    A rejected removal waits until WeCom says something else about the person.
    """
    row = connection.execute(
        f"""
        WITH old AS (
            SELECT plan_id FROM plans
            WHERE state <> 'held' AND coalesce(decided_at, created_at) < {_OLD_DECISION}
                AND NOT EXISTS (
                    SELECT FROM plan_entries AS entry
                    WHERE entry.plan_id = plans.plan_id AND entry.state = 'waiting')
            LIMIT %(limit)s FOR UPDATE SKIP LOCKED
        ), entries AS (
            DELETE FROM plan_entries USING old
            WHERE plan_entries.plan_id = old.plan_id
        ), gone AS (
            DELETE FROM plans USING old WHERE plans.plan_id = old.plan_id RETURNING 1
        )
        SELECT count(*) FROM gone
        """,  # noqa: S608 - a constant of this module
        {**_DAYS, "limit": limit},
    ).fetchone()
    return int(row[0]) if row else 0


def prune_gaps(connection: Connection, *, limit: int) -> int:
    """Forget gaps that closed long ago."""
    return connection.execute(
        f"""
        DELETE FROM gaps WHERE gap_id IN (
            SELECT gap_id FROM gaps WHERE closed_at < {_OLD}
            LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
        """,  # noqa: S608 - a constant of this module
        {**_DAYS, "limit": limit},
    ).rowcount


def prune_ledger(connection: Connection, *, limit: int) -> int:
    """Forget the sums of days that nobody asks about any more."""
    return connection.execute(
        f"""
        DELETE FROM ledger_days WHERE (mailbox, day) IN (
            SELECT mailbox, day FROM ledger_days WHERE day < ({_OLD_DECISION})::date
            LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
        """,  # noqa: S608 - a constant of this module
        {**_DAYS, "limit": limit},
    ).rowcount


def fold_refusals(connection: Connection, *, limit: int) -> int:
    """Add old days of the counters of refusals to one day: their sum goes on."""
    row = connection.execute(
        f"""
        WITH gone AS (
            DELETE FROM refusals WHERE (day, reason) IN (
                SELECT day, reason FROM refusals
                WHERE day < ({_OLD})::date AND day > 'epoch'
                LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
            RETURNING reason, count
        ), folded AS (
            INSERT INTO refusals AS known (day, reason, count)
            SELECT 'epoch', reason, sum(count) FROM gone GROUP BY reason
            ON CONFLICT (day, reason)
            DO UPDATE SET count = known.count + excluded.count
        )
        SELECT count(*) FROM gone
        """,  # noqa: S608 - a constant of this module
        {**_DAYS, "limit": limit},
    ).fetchone()
    return int(row[0]) if row else 0
