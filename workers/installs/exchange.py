"""From an auth code to a linked corp: one exchange, whoever brings the code."""

from dataclasses import dataclass
from typing import assert_never

from domain.ids import CompanyId, RunId
from domain.mailbox import name_in
from domain.states import CorpState, InstallState
from store.database import Connection, transaction
from store.inbox import mailboxes, settlement
from store.inbox.claims import ClaimedBatch
from store.inbox.settlement import Settled
from store.installs import installs
from store.installs.installs import Install
from store.installs.intents import INSTALL_RESUMED
from store.org import corps
from store.org.corps import Corp
from store.retention import purge_pages
from store.runs import requests
from wecom.corp import CorpClient as CorpApi
from wecom.errors import NotPermitted, Revoked, Unavailable
from wecom.wire import AuthInfo
from workers.answers.observe import scope_from
from workers.installs import company
from workers.installs.codes import trade_in_turn, waits_for_redirect
from workers.installs.company import Agreed, InstallAwaits, InstallRefused
from workers.installs.purge import begin_purge, go_on
from workers.lease import leased
from workers.runtime import Runtime

WITHDRAWN = "withdrawn"

_BY_OPERATOR = "operator"
# A worker that died over a purge holds it up for a lease, until upkeep has its turn.
_PURGE_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the corp has granted, as WeCom says now."""

    info: AuthInfo
    permissions: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """What the corp is linked to, and the run that reads it."""

    company_id: CompanyId
    run_id: RunId


def exchange(runtime: Runtime, claim: ClaimedBatch) -> None:
    """Exchange an auth code once, whoever brought it, and link the corp it names.

    Repeats: goes on where an earlier try stopped; each step is committed by itself.
    Raises: WeComError; the code's mail then waits and comes again.
    """
    code_hash = name_in(claim.mailbox)
    with leased(runtime.pool, claim.mailbox, claim.lease) as connection:
        if any(each.kind == INSTALL_RESUMED for each in claim.mail):
            installs.reopen(connection, code_hash)
        install = installs.open_install(connection, code_hash)
    if install.state == InstallState.WAITING:
        if waits_for_redirect(runtime, claim):
            return
        traded = trade_in_turn(runtime, claim, install)
        if traded is None:
            return
        install = traded
    if install.state == InstallState.EXCHANGED:
        _link(runtime, claim, install)
    elif install.state == InstallState.LINKED:
        _settle(runtime, claim, ("done", "exchanged_before"))
    else:
        _settle(runtime, claim, ("ignored", install.reason or install.state))


def _link(runtime: Runtime, claim: ClaimedBatch, install: Install) -> None:
    if install.corp_pk is None:
        raise LookupError("an exchanged install names its corp")
    with transaction(runtime.pool) as connection:
        corp = corps.get(connection, install.corp_pk)
        begun = purge_pages.list_of_corp(connection, corp.corp_id)
    for each in begun:
        # Whoever comes back finds their links by the names that a purge gives them.
        go_on(runtime, each)
    api = runtime.corp_api(corp)
    try:
        seen = Seen(info=api.auth_info(), permissions=_permissions(api))
        verdict = company.weigh(runtime, install, corp, api=api, info=seen.info)
        outcome = (
            _link_agreed(runtime, claim, install, seen, verdict)
            if isinstance(verdict, Agreed)
            else verdict
        )
    except Revoked:
        _give_up_withdrawn(runtime, claim, install, corp)
        return
    match outcome:
        case Linked():
            runtime.bell.ring(corp.mailbox)
            runtime.bell.ring_run(outcome.run_id)
        case InstallRefused():
            _refuse(runtime, claim, install, outcome)
        case InstallAwaits():
            _await(runtime, claim, install, outcome)
        case _:
            assert_never(outcome)


def _link_agreed(
    runtime: Runtime, claim: ClaimedBatch, install: Install, seen: Seen, agreed: Agreed
) -> Linked | InstallRefused:
    if install.corp_pk is None:
        raise LookupError("an exchanged install names its corp")
    with leased(runtime.pool, claim.mailbox, claim.lease) as connection:
        corp = corps.lock(connection, install.corp_pk)
        if corp.state is CorpState.REVOKED:
            raise Revoked("withdrawn meanwhile")
        linked = _link_corp(connection, runtime, corp, seen, agreed)
        if linked is None:
            return InstallRefused(reason=company.COMPANY_LINKED)
        if purge_pages.list_of_company(connection, linked.company_id):
            raise Unavailable(
                "the company's former corp is being purged",
                wait_seconds=_PURGE_SECONDS,
            )
        installs.note_linked(
            connection,
            install.code_hash,
            company_id=linked.company_id,
            run_id=linked.run_id,
        )
        _settle_all(connection, claim, ("done", "linked"))
    return linked


def _refuse(
    runtime: Runtime, claim: ClaimedBatch, install: Install, verdict: InstallRefused
) -> None:
    """Nothing of the org changes; the corp stays authorised until it withdraws."""
    with leased(runtime.pool, claim.mailbox, claim.lease) as connection:
        installs.end_install(
            connection,
            install.code_hash,
            state=InstallState.REFUSED,
            reason=verdict.reason,
        )
        _settle_all(connection, claim, ("done", verdict.reason))


def _await(
    runtime: Runtime, claim: ClaimedBatch, install: Install, verdict: InstallAwaits
) -> None:
    with leased(runtime.pool, claim.mailbox, claim.lease) as connection:
        installs.note_awaited(connection, install.code_hash, reason=verdict.reason)
        _settle_all(connection, claim, ("done", verdict.reason))


def _permissions(api: CorpApi) -> frozenset[str]:
    try:
        return api.permissions()
    except NotPermitted:
        # A corp can hold the app without granting it anything yet.
        return frozenset()


def _link_corp(
    connection: Connection,
    runtime: Runtime,
    corp: Corp,
    seen: Seen,
    agreed: Agreed,
) -> Linked | None:
    """The link as made; None when another corp has got the company meanwhile."""
    company_id = corp.company_id
    if corp.state is CorpState.AUTHORISED:
        company_id = company.settle_company(
            connection, runtime, corp, agreed, seen.info
        )
    if company_id is None:
        return None
    corps.save_scope(
        connection,
        corp.corp_pk,
        scope=scope_from(seen.info),
        permissions=seen.permissions,
        agent_id=seen.info.agent.agent_id,
        name=seen.info.corp.name,
    )
    if corp.state is CorpState.AUTHORISED:
        installs.link_corp(connection, corp.corp_pk, company_id)
    elif corp.state is CorpState.PAUSED and corp.paused_by != _BY_OPERATOR:
        corps.resume(connection, corp.corp_pk)
    settlement.unpark(connection, corp.mailbox)
    if corp.paused_by != _BY_OPERATOR:
        mailboxes.make_due(connection, corp.mailbox)
    run_id = requests.request_run(connection, corp.corp_pk, cause="install")
    return Linked(company_id=company_id, run_id=run_id)


def _give_up_withdrawn(
    runtime: Runtime, claim: ClaimedBatch, install: Install, corp: Corp
) -> None:
    """The corp removed the app again before it was linked."""
    with leased(runtime.pool, claim.mailbox, claim.lease) as connection:
        installs.end_install(
            connection, install.code_hash, state=InstallState.FAILED, reason=WITHDRAWN
        )
        _settle_all(connection, claim, ("ignored", WITHDRAWN))
        if corps.lock(connection, corp.corp_pk).state is CorpState.AUTHORISED:
            # Only now: a corp that is linked waits for its own cancel_auth.
            begin_purge(connection, runtime, corp)
    go_on(runtime, corp.corp_pk)


def _settle(
    runtime: Runtime, claim: ClaimedBatch, outcome: tuple[Settled, str]
) -> None:
    with leased(runtime.pool, claim.mailbox, claim.lease) as connection:
        _settle_all(connection, claim, outcome)


def _settle_all(
    connection: Connection, claim: ClaimedBatch, outcome: tuple[Settled, str]
) -> None:
    settlement.settle(connection, claim, dict.fromkeys(claim.event_ids, outcome))
