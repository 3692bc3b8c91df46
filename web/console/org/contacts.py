"""Mobile and e-mail of a person: masked, until somebody says why they must see them."""

import hashlib
from datetime import UTC, datetime, timedelta

from flask import request
from flask.typing import ResponseReturnValue
from redis import RedisError

from store.database import Connection, transaction
from store.summaries.org.contacts import Contact, list_contacts
from store.summaries.org.journal import mask_email, mask_mobile
from store.summaries.org.members import MemberSummary, find_member
from web.access import Audience, seen_by
from web.console import acting
from web.console.blueprint import console
from web.http import cookies
from web.http.cookies import Cookie
from web.http.problems import Problem
from web.org.corps import get_corp
from web.services import services
from web.sessions.operators import may_act

REVEALED_SECONDS = 300


@console.post("/corps/<corp_id>/reveal")
@seen_by(Audience.OPERATOR)
def reveal_contact(corp_id: str) -> ResponseReturnValue:
    """Show a person's contacts in full in this browser, for five minutes."""
    reason, userid = acting.wanted_reason(), request.form.get("userid", "")
    with transaction(services().pool) as connection:
        corp = get_corp(connection, corp_id)
        found = find_member(connection, corp.corp_pk, corp.userids(userid))
        if found is None:
            raise Problem(404, f"member {userid}: not known here.")
        shown = list_contacts(connection, corp.corp_pk, found.member_pk)
        acting.keep(
            connection,
            "reveal",
            target=f"member:{found.userid}",
            reason=reason,
            corp_id=corp_id,
            after={
                "fields": sorted({each.name for each in shown}),
                "seconds": REVEALED_SECONDS,
            },
        )
    # Only now: nothing is shown of which it is not kept who looked, and why.
    _begin(corp.corp_pk, found.member_pk)
    return acting.back(
        "console.show_person", "reveal", corp_id=corp_id, userid=found.userid
    )


def shown_contacts(
    connection: Connection, corp_pk: int, member: MemberSummary
) -> dict[str, object]:
    """What the person's page shows: in full while that lasts, else masked."""
    until = _until(corp_pk, member.member_pk)
    found = list_contacts(connection, corp_pk, member.member_pk)
    shown = found if until else [_masked(each) for each in found]
    return {"contacts": shown, "revealed_until": until}


def _masked(contact: Contact) -> Contact:
    if "@" in contact.value:
        value = mask_email(contact.value)
    elif "mobile" in contact.name or contact.value.lstrip("+").isdigit():
        value = mask_mobile(contact.value)
    else:
        value = f"{contact.value[:1]}***"
    return Contact(name=contact.name, value=value, source=contact.source)


def _begin(corp_pk: int, member_pk: int) -> None:
    try:
        services().redis.set(_name(corp_pk, member_pk), b"1", ex=REVEALED_SECONDS)
    except (RedisError, OSError) as error:
        raise Problem(
            503,
            "Redis cannot be reached: nothing was shown. Try again.",
            words="redis",
        ) from error


def _until(corp_pk: int, member_pk: int) -> datetime | None:
    """How long it lasts in this browser; also a role that was taken away ends it."""
    if not may_act():
        return None
    try:
        seconds = services().redis.ttl(_name(corp_pk, member_pk))
    except (RedisError, OSError):
        return None
    return datetime.now(UTC) + timedelta(seconds=seconds) if seconds > 0 else None


def _name(corp_pk: int, member_pk: int) -> str:
    """One browser's view of one person: signing out and in again ends it."""
    session = cookies.read(Cookie.OPERATOR) or ""
    mark = hashlib.sha256(session.encode()).hexdigest()
    return f"reveal:{mark}:{corp_pk}:{member_pk}"
