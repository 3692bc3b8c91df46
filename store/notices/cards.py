"""Cards that ask a corp's admins about held plans, and what is put in their place."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from psycopg.rows import class_row

from domain.ids import CorpPk, Userid
from store.database import Connection
from store.sealing import DataKey

# WeCom takes a response code for 72 h; an hour is left for clocks and queues.
CODE_SECONDS = 71 * 3600.0

DECIDED, NOT_AN_ADMIN = "decided", "not_an_admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFacts:
    """What a card says of a plan.

    Shape: `removals`: entries that wait, or waited when it was decided; `reason`: the
        finding that most of them share; `decided_by`: api, cli or an admin's userid.
    """

    plan_id: str
    corp_pk: CorpPk
    kind: str
    state: str
    hash: str
    decided_by: str | None
    removals: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCard:
    """A sent card whose plan waits for nobody any more."""

    batch_id: str
    plan_id: str
    response_code: str | None = field(repr=False)
    userids: tuple[Userid, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CardAnswer:
    """Somebody who pressed a button that decides nothing, to be told so."""

    answer_id: int
    plan_id: str
    said: str
    userid: Userid
    response_code: str = field(repr=False)


def list_unasked(connection: Connection, corp_pk: CorpPk) -> list[str]:
    """Held plans about which no admin was queued a card yet."""
    rows = connection.execute(
        "SELECT plan_id FROM plans WHERE corp_pk = %s AND state = 'held'"
        " AND admins_asked_at IS NULL ORDER BY created_at, plan_id",
        [corp_pk],
    ).fetchall()
    return [plan_id for (plan_id,) in rows]


def queue_cards(
    connection: Connection,
    corp_pk: CorpPk,
    *,
    plan_ids: Sequence[str],
    userids: Iterable[Userid],
) -> int:
    """Queue a card about each plan for each of these people who is a member.

    Repeats: one card per plan and person.
    """
    queued = connection.execute(
        """
        INSERT INTO notices
            (corp_pk, member_pk, company_id, kind, round, origin, plan_id, events)
        SELECT m.corp_pk, m.member_pk, company_id, 'approval', 1, 'sync', plan_id,
            array_remove(ARRAY[plans.event_id], NULL)
        FROM plans JOIN corps USING (corp_pk) JOIN members AS m USING (corp_pk)
        WHERE plans.plan_id = ANY(%(plans)s) AND corp_pk = %(corp_pk)s
            AND plans.state = 'held' AND m.userid = ANY(%(userids)s)
            AND m.state = 'active' AND m.employment = 'working'
        ORDER BY plans.created_at, plan_id, m.userid
        ON CONFLICT DO NOTHING
        """,
        {"plans": list(plan_ids), "corp_pk": corp_pk, "userids": list(userids)},
    ).rowcount
    connection.execute(
        "UPDATE plans SET admins_asked_at = clock_timestamp() WHERE plan_id = ANY(%s)",
        [list(plan_ids)],
    )
    return queued


def get_facts(connection: Connection, plan_id: str) -> PlanFacts:
    """What there is to say of a plan.

    Raises: LookupError.
    """
    with connection.cursor(row_factory=class_row(PlanFacts)) as cursor:
        cursor.execute(
            """
            SELECT plan_id, corp_pk, kind, plans.state, hash, decided_by,
                count(entry.key) AS removals,
                coalesce(mode() WITHIN GROUP (ORDER BY entry.reason), '') AS reason
            FROM plans LEFT JOIN (
                SELECT plan_id, key, reason, state FROM plan_entries
            ) AS entry USING (plan_id)
            WHERE plan_id = %s
                AND (plans.state <> 'held' OR entry.state = 'waiting')
            GROUP BY plan_id
            """,
            [plan_id],
        )
        facts = cursor.fetchone()
    if facts is None:
        raise LookupError(f"no plan {plan_id}")
    return facts


def find_plan_of(connection: Connection, corp_pk: CorpPk, batch_id: str) -> str | None:
    """The plan that a card of this corp asks about."""
    row = connection.execute(
        "SELECT plan_id FROM notice_batches WHERE corp_pk = %s AND batch_id = %s",
        [corp_pk, batch_id],
    ).fetchone()
    return row[0] if row else None


def keep_code(
    connection: Connection, batch_id: str, response_code: str, *, data_key: DataKey
) -> None:
    """The newest code with which the card can be changed, for everybody who got it."""
    connection.execute(
        """
        UPDATE notice_batches SET sealed = %s,
            code_until = clock_timestamp() + make_interval(secs => %s)
        WHERE batch_id = %s AND state <> 'frozen'
        """,
        [data_key.seal({"response_code": response_code}), CODE_SECONDS, batch_id],
    )


def find_open(
    connection: Connection, corp_pk: CorpPk, *, data_key: DataKey
) -> OpenCard | None:
    """A card that still asks although its plan was decided; its code, if it is good."""
    row = connection.execute(
        """
        SELECT batch_id, plan_id, sealed, code_until > clock_timestamp(), ARRAY(
                SELECT m.userid FROM notices
                JOIN members AS m USING (corp_pk, member_pk)
                WHERE notices.batch_id = batch.batch_id
                    AND notices.state IN ('sent', 'unknown') ORDER BY m.userid)
        FROM notice_batches AS batch JOIN plans USING (plan_id)
        WHERE batch.corp_pk = %s AND code_until IS NOT NULL AND plans.state <> 'held'
        ORDER BY frozen_at LIMIT 1
        """,
        [corp_pk],
    ).fetchone()
    if row is None:
        return None
    batch_id, plan_id, sealed, good, userids = row
    code = data_key.open(sealed)["response_code"] if good and sealed else None
    return OpenCard(
        batch_id=batch_id,
        plan_id=plan_id,
        response_code=code,
        userids=tuple(map(Userid, userids)),
    )


def close_card(connection: Connection, batch_id: str) -> None:
    """The card says what happened, or cannot be changed any more."""
    connection.execute(
        "UPDATE notice_batches SET sealed = NULL, code_until = NULL"
        " WHERE batch_id = %s",
        [batch_id],
    )


def add_answer(
    connection: Connection,
    corp_pk: CorpPk,
    *,
    plan_id: str,
    said: str,
    userid: Userid,
    response_code: str,
    data_key: DataKey,
) -> None:
    """Have somebody told on their own card that their button decided nothing."""
    connection.execute(
        "INSERT INTO card_answers (corp_pk, plan_id, said, sealed)"
        " VALUES (%s, %s, %s, %s)",
        [
            corp_pk,
            plan_id,
            said,
            data_key.seal({"userid": userid, "response_code": response_code}),
        ],
    )


def find_answer(
    connection: Connection, corp_pk: CorpPk, *, data_key: DataKey
) -> CardAnswer | None:
    """The oldest of them."""
    row = connection.execute(
        "SELECT answer_id, plan_id, said, sealed FROM card_answers WHERE corp_pk = %s"
        " ORDER BY answer_id LIMIT 1",
        [corp_pk],
    ).fetchone()
    if row is None:
        return None
    answer_id, plan_id, said, sealed = row
    opened = data_key.open(sealed)
    return CardAnswer(
        answer_id=answer_id,
        plan_id=plan_id,
        said=said,
        userid=Userid(opened["userid"]),
        response_code=opened["response_code"],
    )


def drop_answer(connection: Connection, corp_pk: CorpPk, answer_id: int) -> None:
    """They were told, or cannot be."""
    connection.execute(
        "DELETE FROM card_answers WHERE corp_pk = %s AND answer_id = %s",
        [corp_pk, answer_id],
    )
