"""The match desk: the accounts that a person may be side by side, to choose one."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import render_template, request
from flask.typing import ResponseReturnValue

from domain.ids import AccountId, MemberPk
from domain.links.claims import ClaimKind
from domain.links.links import LinkEvidence
from domain.roles import Role
from store.database import Connection, transaction
from store.links import link_claims
from store.links.company_acts import ActKind
from store.summaries.links.candidates import (
    DeskCandidate,
    list_candidates,
    search_accounts,
)
from store.summaries.links.claims import lock_member
from store.summaries.links.people import list_userids
from tapd.errors import TapdError
from web.access import Audience, needs, seen_by
from web.company.actions import act_once, to_act
from web.company.authorize import Host, host
from web.company.blueprint import company
from web.company.list_pages import new_form
from web.company.people import (
    Dossier,
    account_ids,
    by_account,
    get_dossier,
    read_dossier,
)
from web.http.problems import Problem
from web.services import services

log = logging.getLogger(__name__)

NEW = "new"
_ACCOUNT = "account:"
_FOUND = 5
# Each question keeps a second from the next.
_MOST_ASKED = 5
_LONGEST_SEARCH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """What lies on the desk.

    Shape: `mapped` says of an account whether TAPD knows the person's own id in WeCom
        with it (True), another id (False) or none (None); empty when nobody asked;
        `foreign`: how many more accounts match that are not of the company.
    """

    candidates: Sequence[DeskCandidate]
    evidence: Mapping[str, LinkEvidence]
    rivals: Mapping[int, tuple[str, str | None]]
    mapped: Mapping[str, bool | None]
    mapping_failed: bool
    foreign: int


@company.get("/<corp_id>/people/<userid>/desk")
@seen_by(Audience.COMPANY)
@needs(Role.OPERATOR)
def show_desk(corp_id: str, userid: str) -> ResponseReturnValue:
    """The accounts that this person may be, with what speaks for and against each."""
    shown, text = host(), request.args.get("account", "").strip()[:_LONGEST_SEARCH]
    with transaction(services().pool) as connection:
        dossier = get_dossier(connection, shown, userid)
        candidates = _candidates(connection, shown, dossier, text=text)
        rivals = list_userids(
            connection,
            shown.corp.corp_pk,
            [pk for each in dossier.evidence for pk in each.claimed_by],
        )
    mapped, failed = _asked(shown, dossier, candidates)
    return render_template(
        "company_desk.html",
        host=shown,
        dossier=dossier,
        person=dossier.person,
        desk=_Desk(
            candidates=candidates,
            evidence=by_account(dossier.evidence),
            rivals=rivals,
            mapped=mapped,
            mapping_failed=failed,
            foreign=_count_foreign(dossier, candidates),
        ),
        text=text,
        can_ask=_can_ask(shown),
        form=new_form(),
    )


@company.post("/<corp_id>/people/<userid>/desk")
@seen_by(Audience.COMPANY)
def resolve(corp_id: str, userid: str) -> ResponseReturnValue:
    """Say which account this person is, or that they get a new one."""
    shown = host()
    account_id = _chosen()
    with transaction(services().pool) as connection:
        member_pk = get_dossier(connection, shown, userid).person.member_pk
        act_id = act_once(
            connection,
            shown,
            ActKind.RESOLVE,
            lambda: _resolve(connection, shown, member_pk, account_id),
        )
    services().ring(shown.corp.mailbox)
    return to_act(shown, act_id)


def _candidates(
    connection: Connection, shown: Host, dossier: Dossier, *, text: str
) -> Sequence[DeskCandidate]:
    company_id = shown.company.company_id
    known = list_candidates(connection, company_id, account_ids(dossier.evidence))
    if not text:
        return known
    there = {each.account_id for each in known}
    found = search_accounts(connection, company_id, text, limit=_FOUND)
    return [*known, *(each for each in found if each.account_id not in there)]


def _count_foreign(dossier: Dossier, candidates: Sequence[DeskCandidate]) -> int:
    named = {each.account_id for each in candidates}
    return len(set(account_ids(dossier.evidence)) - named)


def _chosen() -> AccountId | None:
    """The account that was chosen; None for a new one.

    Raises: Problem 400 when nothing was chosen.
    """
    choice = request.form.get("choice", "")
    if choice == NEW:
        return None
    if not choice.startswith(_ACCOUNT) or choice == _ACCOUNT:
        raise Problem(400, "choice: nothing was chosen.")
    return AccountId(choice.removeprefix(_ACCOUNT))


def _resolve(
    connection: Connection, shown: Host, member_pk: int, account_id: AccountId | None
) -> dict[str, object]:
    lock_member(connection, shown.corp.corp_pk, member_pk)
    dossier = read_dossier(connection, shown, member_pk)
    told: dict[str, object] = {"member_pks": [member_pk], "account_id": account_id}
    if not dossier.can_be_matched or request.form.get("seen") != dossier.mark:
        return {**told, "outcome": "stale"}
    obstacle = _obstacle(connection, shown, dossier, account_id)
    if obstacle is not None:
        return {**told, "outcome": obstacle}
    claim_id = link_claims.state(
        connection,
        shown.corp,
        member_pk=MemberPk(member_pk),
        kind=ClaimKind.RESOLVED,
        account_id=account_id,
        said_by=shown.said_by,
    )
    outcome = NEW if account_id is None else "chosen"
    return {**told, "outcome": outcome, "claim_id": claim_id}


def _obstacle(
    connection: Connection,
    shown: Host,
    dossier: Dossier,
    account_id: AccountId | None,
) -> str | None:
    """Why this account cannot be chosen for this person; None when it can."""
    if account_id is None:
        return None
    # A foreign account is as unknown here as one that there is not.
    found = list_candidates(connection, shown.company.company_id, [account_id])
    if not found:
        return "unknown"
    holder = found[0].holder_pk
    return None if holder in {None, dossier.person.member_pk} else "held"


def _can_ask(shown: Host) -> bool:
    return shown.company.origin == "tapd" and services().tapd_api is not None


def _asked(
    shown: Host, dossier: Dossier, candidates: Sequence[DeskCandidate]
) -> tuple[Mapping[str, bool | None], bool]:
    """What TAPD says of each account's id in WeCom, and whether it did not say."""
    api = services().tapd_api
    if api is None or not _can_ask(shown) or "ask" not in request.args:
        return {}, False
    own = {dossier.person.userid, dossier.person.open_userid}
    mapped: dict[str, bool | None] = {}
    try:
        for each in candidates[:_MOST_ASKED]:
            ids = api.list_wecom_ids(shown.company.company_id, each.account_id)
            mapped[each.account_id] = bool(own & set(ids)) if ids else None
    except TapdError as error:
        log.info("wecom ids not told by tapd", extra={"error": str(error)})
        return mapped, True
    return mapped, False
