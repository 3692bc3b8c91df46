"""The sentence with which a first sync ends: what holds now, and nothing more."""

from store.summaries.installs import Counts
from web.http.texts import count, translate


def ending_of(counts: Counts) -> str:
    """Who can use TAPD now, and who cannot yet."""
    if not counts.members:
        return translate("install.ending.nobody")
    ready = counts.linked + counts.created
    if ready == counts.members:
        return count("install.ending.all", ready)
    parts = [
        count(f"install.ending.{name}", number)
        for name, number in (
            ("asked", counts.asked),
            ("conflicts", counts.conflicts),
            ("looked_up", counts.looked_up),
            ("unlinked", counts.unlinked),
        )
        if number
    ]
    open_ones = translate("install.ending.and").join(parts)
    return translate(
        "install.ending.some",
        ready=f"{ready:,}",
        of=f"{counts.members:,}",
        open=open_ones,
    )
