"""Why a person's link is as it is, and what their last notice came to, in words."""

from store.links.link_claims import BY_OPERATOR
from store.summaries.links.claims import ClaimSummary
from store.summaries.links.people import PersonSummary
from texts.catalogue import catalogue
from web.http.texts import language, translate


def person_title(person: PersonSummary) -> str:
    """Their name where WeCom shows it, else their userid."""
    return person.name or person.userid


def why(person: PersonSummary) -> str:
    """What the person's group comes from."""
    if person.state == "removed":
        return translate(f"company.why.removed_{person.removal}")
    if person.reason is None:
        return translate("company.why.unexamined")
    return reason(person.reason, person.link_state)


def reason(name: str, state: str) -> str:
    """Why a link in this state is as it is."""
    return _by_state(f"company.reason.{name}", state)


def notice(person: PersonSummary) -> str:
    """What the newest notice came to; nothing was sent: empty."""
    if person.notice_state is None:
        return ""
    if person.notice_closed in {"used", "expired"}:
        return translate(f"company.notice.{person.notice_closed}")
    if person.notice_state in {"undeliverable", "dropped"}:
        return translate(
            f"company.notice.{person.notice_state}", why=_notice_reason(person)
        )
    return translate(f"company.notice.{person.notice_state}")


def speaker(said_by: str) -> str:
    """Who said or did something."""
    kind, _, who = said_by.partition(":")
    if kind == BY_OPERATOR and who:
        kind = "operator_named"
    return translate(f"company.by.{kind}", userid=who)


def statement(claim: ClaimSummary) -> str:
    """What somebody said about a person's link."""
    bare = "" if claim.account_id else "_new"
    return translate(f"company.said.{claim.kind}{bare}", account=claim.account_id)


def _by_state(key: str, state: str) -> str:
    special = f"{key}_{state}"
    return translate(special if special in catalogue(language()) else key)


def _notice_reason(person: PersonSummary) -> str:
    known = f"company.notice_reason.{person.notice_reason}"
    if known in catalogue(language()):
        return translate(known)
    return person.notice_reason or translate("company.notice_reason.unknown")
