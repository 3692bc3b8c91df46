"""Callbacks that were refused: which setting is wrong, as far as each of them tells."""

from collections import Counter
from collections.abc import Sequence

from flask.typing import ResponseReturnValue

from store.database import transaction
from store.summaries.operations.refusals import list_refusals
from web.access import Audience, seen_by
from web.console import acting
from web.console.blueprint import console
from web.console.frame import show
from web.console.stream import live
from web.operations.refused_view import ShownRefusal, list_refusals_now
from web.services import services
from wecom.forensics import RefusalCause


@console.get("/refused")
@seen_by(Audience.OPERATOR)
@live
def list_refused() -> ResponseReturnValue:
    """The newest refused callbacks by what is wrong with them, verified again now."""
    found = list_refusals_now()
    shown = found or []
    with transaction(services().pool) as connection:
        counts = list_refusals(connection)
    return show(
        "console/refused.html",
        place="refused",
        is_away=found is None,
        faults=_faults(shown),
        rows=shown,
        counts=counts,
        done=acting.done_word(),
    )


def _faults(shown: Sequence[ShownRefusal]) -> list[tuple[RefusalCause, int]]:
    counts = Counter(each.fault for each in shown)
    return [(fault, counts[fault]) for fault in RefusalCause if counts[fault]]
