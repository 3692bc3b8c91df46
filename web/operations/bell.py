"""Rings for everything that is due, as Postgres knows it: after Redis was lost."""

from dataclasses import dataclass

from store.database import Connection
from store.inbox import due
from store.notices import deliveries
from web.services import services

_MOST_RUNG = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrung:
    """Mailboxes, runs and corps with notices that are due and in nobody's hands."""

    mailboxes: tuple[str, ...]
    runs: tuple[str, ...]
    notices: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many things they are."""
        return len(self.mailboxes) + len(self.runs) + len(self.notices)


def list_unrung(connection: Connection) -> Unrung:
    """What nobody works on although it is due."""
    return Unrung(
        mailboxes=tuple(due.list_mailboxes(connection, limit=_MOST_RUNG)),
        runs=tuple(due.list_runs(connection, limit=_MOST_RUNG)),
        notices=tuple(deliveries.list_due(connection, limit=_MOST_RUNG)),
    )


def ring(unrung: Unrung) -> bool:
    """Ring for each of these; whether Redis answered every time.

    Repeats: harmless; what is rung for twice is looked at twice.
    """
    rung = [services().ring(each) for each in unrung.mailboxes]
    rung += [services().ring_run(each) for each in unrung.runs]
    rung += [services().ring_notices(each) for each in unrung.notices]
    return all(rung)
