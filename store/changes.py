"""The differences between two moments of a corp, read from its journal."""

from collections.abc import Iterator

from domain.changes import Change, Sight, changes
from domain.ids import CorpPk, Key
from domain.replay import Folding
from store import past
from store.database import Connection
from store.sealing import DataKey


def read_changes(
    connection: Connection,
    corp_pk: CorpPk,
    *,
    since: int,
    until: int,
    data_key: DataKey | None,
) -> Iterator[Change]:
    """What differs between two cuts, by key; a thousand keys at a time are folded.

    Shape: only those are folded whom a line between the cuts is about.
    Raises: BrokenJournal, SealBroken.
    """
    pages = past.read_changed_keys(connection, corp_pk, since=since, until=until)
    for keys in pages:
        yield from _changes_of(
            connection, corp_pk, keys, since=since, until=until, data_key=data_key
        )


def _changes_of(
    connection: Connection,
    corp_pk: CorpPk,
    keys: list[Key],
    *,
    since: int,
    until: int,
    data_key: DataKey | None,
) -> Iterator[Change]:
    folding, before = Folding(), Sight(rows={})
    gone_by = False
    for each in past.read_lines(
        connection, corp_pk, keys, cut=until, data_key=data_key
    ):
        if each.line_id > since and not gone_by:
            before, gone_by = Sight.of(folding), True
        folding.take(each.line)
    yield from changes(
        before=before if gone_by else Sight.of(folding),
        after=Sight.of(folding),
        whereabouts=folding.whereabouts,
        keys=frozenset(keys),
    )
