"""One person: how their link stands and why, and undoing it."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from domain.ids import AccountId, MemberPk
from domain.links.claims import ClaimKind
from domain.roles import Role
from store.database import Connection, transaction
from store.links import company_acts, link_claims
from store.links.company_acts import ActKind
from store.summaries.links.candidates import list_candidates
from store.summaries.links.claims import lock_member
from store.summaries.links.people import list_userids
from web.access import Audience, needs, seen_by
from web.company.actions import act_once, to_act
from web.company.authorize import Host, host
from web.company.blueprint import company
from web.company.list_pages import new_form
from web.company.people import (
    account_ids,
    by_account,
    get_dossier,
    read_dossier,
)
from web.services import services

_ACTS = 10


@company.get("/<corp_id>/people/<userid>")
@seen_by(Audience.COMPANY)
def show_person(corp_id: str, userid: str) -> ResponseReturnValue:
    """A person with all that is known about their link."""
    shown = host()
    with transaction(services().pool) as connection:
        dossier = get_dossier(connection, shown, userid)
        evidence = dossier.evidence
        wanted = account_ids(evidence)
        if dossier.person.account_id is not None:
            wanted.append(dossier.person.account_id)
        return render_template(
            "company_person.html",
            host=shown,
            dossier=dossier,
            person=dossier.person,
            candidates=list_candidates(connection, shown.company.company_id, wanted),
            evidence=by_account(evidence),
            rivals=list_userids(
                connection,
                shown.corp.corp_pk,
                [pk for each in evidence for pk in each.claimed_by],
            ),
            acts=company_acts.list_invitations(
                connection, shown.corp.corp_pk, dossier.person.member_pk, limit=_ACTS
            ),
            form=new_form(),
        )


@company.get("/<corp_id>/people/<userid>/unlink")
@seen_by(Audience.COMPANY)
@needs(Role.OPERATOR)
def ask_unlink(corp_id: str, userid: str) -> ResponseReturnValue:
    """What undoing the link means, and the button that does it."""
    shown = host()
    with transaction(services().pool) as connection:
        dossier = get_dossier(connection, shown, userid)
    return render_template(
        "company_unlink.html",
        host=shown,
        dossier=dossier,
        person=dossier.person,
        form=new_form(),
    )


@company.post("/<corp_id>/people/<userid>/unlink")
@seen_by(Audience.COMPANY)
def unlink(corp_id: str, userid: str) -> ResponseReturnValue:
    """Undo the link, if it is still the one that was shown."""
    shown = host()
    with transaction(services().pool) as connection:
        dossier = get_dossier(connection, shown, userid)
        member_pk = dossier.person.member_pk
        act_id = act_once(
            connection,
            shown,
            ActKind.UNLINK,
            lambda: _unlink(connection, shown, member_pk),
        )
    services().ring(shown.corp.mailbox)
    return to_act(shown, act_id)


def _unlink(connection: Connection, shown: Host, member_pk: int) -> dict[str, object]:
    lock_member(connection, shown.corp.corp_pk, member_pk)
    dossier = read_dossier(connection, shown, member_pk)
    told: dict[str, object] = {
        "member_pks": [member_pk],
        "account_id": dossier.person.account_id,
    }
    if not dossier.can_be_unlinked or request.form.get("seen") != dossier.mark:
        return {**told, "outcome": "stale"}
    claim_id = link_claims.state(
        connection,
        shown.corp,
        member_pk=MemberPk(member_pk),
        kind=ClaimKind.UNLINKED,
        account_id=AccountId(dossier.person.account_id or ""),
        said_by=shown.said_by,
    )
    return {**told, "outcome": "unlinked", "claim_id": claim_id}
