"""Answers of lists that were read before, each with the rows that it comes to.

Nothing here says how the org is: rows follow from an answer's bytes and its context
alone, so they are as true as the answer that is the same today.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from domain.ids import CorpPk, RunId
from store import literals
from store.database import Connection
from store.runs.staging import Staged


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAnswer:
    """What tells an answer from every other.

    Shape: `digest` of its bytes; `context` of all else that its rows follow from;
        `places` are the departments that they name.
    """

    digest: bytes
    context: bytes
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAnswer:
    """An answer that was read just now, with the rows that it comes to."""

    page: str
    known: KnownAnswer
    rows: Sequence[Staged]


def list_known(connection: Connection, corp_pk: CorpPk) -> dict[str, KnownAnswer]:
    """The answers known of a corp's lists, by page."""
    rows = connection.execute(
        "SELECT page, digest, context, places FROM known_answers WHERE corp_pk = %s",
        [corp_pk],
    ).fetchall()
    return {
        page: KnownAnswer(digest=digest, context=context, places=tuple(places))
        for page, digest, context, places in rows
    }


def remember(
    connection: Connection, corp_pk: CorpPk, answers: Sequence[ReadAnswer]
) -> None:
    """Keep these answers in place of what the same lists said before.

    Shape: in the order of their pages, so that two reads cannot wait for each other.
    """
    ordered = sorted(answers, key=lambda each: each.page)
    connection.execute(
        """
        INSERT INTO known_answers (corp_pk, page, digest, context, places, rows)
        SELECT %(corp_pk)s, page, digest, context, places::bigint[], rows
        FROM unnest(%(pages)s::text[], %(digests)s::bytea[], %(contexts)s::bytea[],
            %(places)s::text[], %(rows)s::jsonb[])
            AS given (page, digest, context, places, rows)
        ON CONFLICT (corp_pk, page) DO UPDATE SET digest = excluded.digest,
            context = excluded.context, places = excluded.places, rows = excluded.rows
        """,
        {
            "corp_pk": corp_pk,
            "pages": [each.page for each in ordered],
            "digests": [each.known.digest for each in ordered],
            "contexts": [each.known.context for each in ordered],
            "places": [literals.numbers(each.known.places) for each in ordered],
            "rows": [_document(each.rows) for each in ordered],
        },
    )


def stage(
    connection: Connection,
    run_id: RunId,
    corp_pk: CorpPk,
    answers: Sequence[tuple[str, KnownAnswer]],
) -> frozenset[str]:
    """Put what these answers come to into staging, as pages of a read, in this order.

    Returns the pages for which it was done; an answer may be known no more.
    """
    staged = connection.execute(
        """
        WITH known AS (
            SELECT given.place, given.page, found.rows
            FROM unnest(%(pages)s::text[], %(digests)s::bytea[], %(contexts)s::bytea[])
                WITH ORDINALITY AS given (page, digest, context, place)
            CROSS JOIN LATERAL (
                SELECT rows FROM known_answers
                WHERE corp_pk = %(corp_pk)s AND page = given.page
                    AND digest = given.digest AND context = given.context LIMIT 1
            ) AS found
        ), staged AS (
            INSERT INTO staging (run_id, kind, page, key, fingerprint, value)
            SELECT %(run_id)s, 'member', page, said.row ->> 0,
                decode(said.row ->> 1, 'hex'), said.row -> 2
            FROM known CROSS JOIN LATERAL
                jsonb_array_elements(rows) WITH ORDINALITY AS said (row, place)
            ORDER BY known.place, said.place
        )
        INSERT INTO run_pages (run_id, page, rows)
        SELECT %(run_id)s, page, jsonb_array_length(rows) FROM known RETURNING page
        """,
        {
            "corp_pk": corp_pk,
            "run_id": run_id,
            "pages": [page for page, _ in answers],
            "digests": [known.digest for _, known in answers],
            "contexts": [known.context for _, known in answers],
        },
    ).fetchall()
    return frozenset(page for (page,) in staged)


def forget(connection: Connection, corp_pk: CorpPk, pages: Iterable[str]) -> None:
    """Forget what these lists said."""
    connection.execute(
        "DELETE FROM known_answers WHERE corp_pk = %s AND page = ANY(%s)",
        [corp_pk, sorted(pages)],
    )


def _document(rows: Sequence[Staged]) -> str:
    return literals.document(
        [[each.key, each.fingerprint.hex(), each.value] for each in rows]
    )
