"""Why a link is as it is, in words for the person whose link it is."""

from texts.catalogue import catalogue
from web.http.texts import language, translate


def because(what: str, reason: str | None) -> str:
    """The sentence for a reason; for one without its own, what is true of all."""
    key = f"{what}.{reason}"
    return translate(key if key in catalogue(language()) else f"{what}.other")
