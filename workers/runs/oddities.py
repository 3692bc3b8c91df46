"""Keys of which a full read learnt nothing usable: staged beside its pages, told."""

from collections.abc import Iterable, Mapping

from domain.decisions import Fields
from domain.ids import Key, RunId, split_key
from domain.org.fingerprint import fingerprint
from store.database import Connection
from store.inbox.settlement import ODD_ANSWER
from store.runs import staging
from store.runs.staging import ReadPage, Staged
from wecom.errors import OddAnswer, Unavailable
from workers.answers import key_troubles

ODD = "odd"
_MOST_NAMED = 5
_QUIET_PAGES = ("odd:", "again:", "absent:")

# Mail can ask about these again; a list or the scope only by a full read.
_ASKED_BY_MAIL = frozenset({"member", "department", "tag"})


def stage_odd(
    connection: Connection, run_id: RunId, page: str, odd: Mapping[Key, Unavailable]
) -> None:
    """Note of which keys a page says nothing usable; an earlier note is replaced."""
    rows = [_row(key, error) for key, error in sorted(odd.items())]
    staging.replace_page(
        connection, run_id, kind=ODD, page=ReadPage(page=f"odd:{page}", rows=rows)
    )


def is_quiet(page: str) -> bool:
    """Whether a page stands for no question of its own."""
    return page.startswith(_QUIET_PAGES)


def list_odd(connection: Connection, run_id: RunId) -> dict[Key, Unavailable]:
    """The keys of the read of which nothing usable was said, and what came."""
    rows = staging.list_kind(connection, run_id, ODD)
    return {
        Key(key): (OddAnswer if value["odd"] else Unavailable)(
            value["reason"], endpoint=value["endpoint"], errcode=value["errcode"]
        )
        for key, value in rows.items()
    }


def ask_later(
    connection: Connection, mailbox: str, odd: Mapping[Key, Unavailable]
) -> None:
    """Have mail ask about these keys again, slowly."""
    named = {k: error for k, error in odd.items() if split_key(k)[0] in _ASKED_BY_MAIL}
    key_troubles.ask_later(connection, mailbox, named)


def tell(odd: Mapping[Key, Unavailable]) -> str | None:
    """What the run says of these keys: which, and what came instead; None for none."""
    if not odd:
        return None
    named = [f"{key} ({error})" for key, error in sorted(odd.items())]
    more = len(named) - _MOST_NAMED
    said = "; ".join(named[:_MOST_NAMED]) + (f"; {more} more" if more > 0 else "")
    return (
        f"{ODD_ANSWER}: of {len(named)} keys nothing usable was answered: {said};"
        " they stay as they were and are asked about again"
    )


def without_shown(
    odd: Mapping[Key, Unavailable], shown: Iterable[str]
) -> dict[Key, Unavailable]:
    """Those of which no later answer of the same run could be used either."""
    seen = frozenset(f"member:{each}" for each in shown)
    return {key: error for key, error in odd.items() if key not in seen}


def _row(key: Key, error: Unavailable) -> Staged:
    value: Fields = {
        "odd": isinstance(error, OddAnswer),
        "reason": error.reason,
        "endpoint": error.endpoint,
        "errcode": error.errcode,
    }
    return Staged(key=key, fingerprint=fingerprint(value), value=value)
