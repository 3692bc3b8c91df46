"""From an auth code to a linked corp, and from a withdrawal to a purge."""

import logging

from domain.ids import CompanyId, RunId
from store import (
    companies,
    corps,
    installs,
    leases,
    mail,
    mailboxes,
    purge,
    runs,
    tokens,
)
from store.claims import Claim
from store.corps import Corp
from store.database import Connection, transaction
from store.installs import Install
from store.mail import Settled
from store.sealing import new_data_key, pseudonym
from wecom.callbacks import parse_callback
from wecom.corp import Corp as CorpApi
from wecom.errors import NotPermitted, Revoked, Spent
from wecom.events import CreateAuth, ResetPermanentCode
from wecom.wire import AuthInfo, PermanentCode
from workers.facade import permanent_code_place
from workers.observe import scope_from
from workers.purge import purge_corp
from workers.runtime import (
    Runtime,
    data_key_place,
    token_owner,
)

# Internal mail of the page that WeCom sent the installer back to; its body is the code.
AUTH_CODE = "auth_code"
RESET = "reset_permanent_code"

CODE_SPENT = "auth_code_spent"
WITHDRAWN = "withdrawn"
REVOKED_UNCONFIRMED = "revoked_unconfirmed"
STALE_CANCEL = "stale_cancel"

_BY_OPERATOR = "operator"
# What a paused corp's mailbox waits for.
_PAUSED = "paused"
_UNTIL_RESUMED_SECONDS = 10 * 365 * 24 * 3600.0

_log = logging.getLogger(__name__)


def exchange(runtime: Runtime, claim: Claim) -> None:
    """Exchange an auth code once, whoever brought it, and link the corp it names.

    Repeats: goes on where an earlier try stopped; each step is committed by itself.
    Raises: WeComError; the code's mail then waits and comes again.
    """
    code_hash = claim.mailbox.removeprefix("code:")
    with transaction(runtime.pool) as connection:
        leases.check(connection, claim.mailbox, claim.lease)
        install = installs.open_install(connection, code_hash)
    if install.state == installs.WAITING:
        install = _trade_code(runtime, claim, install)
    if install.state == installs.EXCHANGED:
        _link(runtime, claim, install)
    elif install.state == installs.LINKED:
        _settle(runtime, claim, ("done", "exchanged_before"))
    else:
        _settle(runtime, claim, ("ignored", install.reason or install.state))


def cancel(runtime: Runtime, corp: Corp, claim: Claim) -> None:
    """Purge a corp if WeCom confirms that it withdrew; else the event was stale.

    Raises: WeComError when WeCom confirms neither.
    """
    try:
        runtime.corp_api(corp).auth_info()
    except Revoked:
        with transaction(runtime.pool) as connection:
            leases.check(connection, claim.mailbox, claim.lease)
            corps.lock(connection, corp.corp_pk)
            _settle_all(connection, claim, ("done", "purged"))
            purge_corp(connection, runtime, corp)
        _log.warning("corp purged", extra={"corp_pk": corp.corp_pk})
        return
    _settle(runtime, claim, ("ignored", STALE_CANCEL))


def doubt(runtime: Runtime, corp: Corp) -> bool:
    """Ask once more whether a corp withdrew; pause it, mail kept, if that seems so.

    Only cancel_auth purges: without it nothing proves that the corp meant to leave.
    """
    try:
        runtime.corp_api(corp).auth_info()
    except Revoked:
        with transaction(runtime.pool) as connection:
            paused = corps.pause(connection, corp.corp_pk, by=REVOKED_UNCONFIRMED)
            if paused:
                mailboxes.hold(
                    connection,
                    corp.mailbox,
                    waits_for=_PAUSED,
                    seconds=_UNTIL_RESUMED_SECONDS,
                )
        if paused:
            _log.error(
                "corp paused, authorisation gone without cancel_auth",
                extra={"corp_pk": corp.corp_pk},
            )
        return True
    # The authorisation stands, so it was the token that WeCom would not take.
    with transaction(runtime.pool) as connection:
        tokens.forget(connection, token_owner(runtime.settings, corp.corp_pk))
    return False


def _trade_code(runtime: Runtime, claim: Claim, install: Install) -> Install:
    try:
        answer = runtime.wecom.exchange(_read_code(runtime, claim))
    except Spent:
        return _after_spent_code(runtime, claim, install)
    with transaction(runtime.pool) as connection:
        leases.check(connection, claim.mailbox, claim.lease)
        corp = _keep_code(connection, runtime, answer)
        installs.note_exchanged(connection, install.code_hash, corp.corp_pk)
        installs.forget_code(connection, claim.mailbox)
        if corp.state != "authorised" and claim.mail[0].kind == RESET:
            # Nothing else has changed, so there is nothing to read again.
            installs.end_install(connection, install.code_hash, state=installs.LINKED)
        return installs.open_install(connection, install.code_hash)


def _after_spent_code(runtime: Runtime, claim: Claim, install: Install) -> Install:
    """Another worker exchanged the code, or it went unused for ten minutes."""
    with transaction(runtime.pool) as connection:
        leases.check(connection, claim.mailbox, claim.lease)
        known = installs.open_install(connection, install.code_hash)
        if known.state == installs.WAITING:
            installs.end_install(
                connection, install.code_hash, state=installs.FAILED, reason=CODE_SPENT
            )
            installs.forget_code(connection, claim.mailbox)
        return installs.open_install(connection, install.code_hash)


def _read_code(runtime: Runtime, claim: Claim) -> str:
    with transaction(runtime.pool) as connection:
        found = installs.find_code_body(connection, claim.mailbox)
    if found is None:
        raise LookupError("no mail of this mailbox carries a code")
    kind, sealed = found
    body = runtime.keyring.open(sealed, place="inbox")
    if kind == AUTH_CODE:
        return body.decode()
    detail = parse_callback(body).detail
    if not isinstance(detail, CreateAuth | ResetPermanentCode):
        raise LookupError(f"mail of kind {kind} carries no code")
    return detail.auth_code


def _keep_code(connection: Connection, runtime: Runtime, answer: PermanentCode) -> Corp:
    corp_pk = installs.admit_corp(connection, answer.corp_id, name=answer.corp_name)
    seal = runtime.keyring.seal
    installs.keep_code(
        connection,
        corp_pk,
        permanent_code=seal(
            answer.permanent_code.encode(), place=permanent_code_place(corp_pk)
        ),
        data_key=seal(new_data_key(), place=data_key_place(corp_pk)),
    )
    # A token made with the former code may not live as long as it says.
    tokens.forget(connection, token_owner(runtime.settings, corp_pk))
    return corps.get(connection, corp_pk)


def _link(runtime: Runtime, claim: Claim, install: Install) -> None:
    if install.corp_pk is None:
        raise LookupError("an exchanged install names its corp")
    with transaction(runtime.pool) as connection:
        corp = corps.get(connection, install.corp_pk)
    api = runtime.corp_api(corp)
    try:
        info, permissions = api.auth_info(), _permissions(api)
    except Revoked:
        _give_up_withdrawn(runtime, claim, install, corp)
        return
    with transaction(runtime.pool) as connection:
        leases.check(connection, claim.mailbox, claim.lease)
        run_id = _link_corp(connection, runtime, corp, info, permissions)
        installs.end_install(connection, install.code_hash, state=installs.LINKED)
        _settle_all(connection, claim, ("done", "linked"))
    runtime.bell.ring(corp.mailbox)
    runtime.bell.ring_run(run_id)


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
    info: AuthInfo,
    permissions: frozenset[str],
) -> RunId:
    corp = corps.lock(connection, corp.corp_pk)
    corps.save_scope(
        connection,
        corp.corp_pk,
        scope=scope_from(info),
        permissions=permissions,
        agent_id=info.agent.agent_id,
        name=info.corp.name,
    )
    if corp.state == "authorised":
        company_id = _company_for(connection, runtime, corp, info)
        installs.link_corp(connection, corp.corp_pk, company_id)
    elif corp.state == "paused" and corp.paused_by != _BY_OPERATOR:
        corps.resume(connection, corp.corp_pk)
    mail.unpark(connection, corp.mailbox)
    if corp.paused_by != _BY_OPERATOR:
        mailboxes.make_due(connection, corp.mailbox)
    return runs.request_run(connection, corp.corp_pk, cause="install")


def _company_for(
    connection: Connection, runtime: Runtime, corp: Corp, info: AuthInfo
) -> CompanyId:
    """The company of a market install: the corp's own of before, else a new one."""
    key = purge.obtain_pseudonym_key(connection, runtime.keyring)
    purged_id = pseudonym(key, corp_id=corp.corp_id, name=corp.corp_id)
    former = installs.find_former_company(connection, purged_id)
    return former or companies.make_company(
        connection, name=info.corp.name or corp.name
    )


def _give_up_withdrawn(
    runtime: Runtime, claim: Claim, install: Install, corp: Corp
) -> None:
    """The corp removed the app again before it was linked."""
    with transaction(runtime.pool) as connection:
        leases.check(connection, claim.mailbox, claim.lease)
        installs.end_install(
            connection, install.code_hash, state=installs.FAILED, reason=WITHDRAWN
        )
        _settle_all(connection, claim, ("ignored", WITHDRAWN))
        if corps.lock(connection, corp.corp_pk).state == "authorised":
            # Only now: a corp that is linked waits for its own cancel_auth.
            purge_corp(connection, runtime, corp)


def _settle(runtime: Runtime, claim: Claim, outcome: tuple[Settled, str]) -> None:
    with transaction(runtime.pool) as connection:
        leases.check(connection, claim.mailbox, claim.lease)
        _settle_all(connection, claim, outcome)


def _settle_all(
    connection: Connection, claim: Claim, outcome: tuple[Settled, str]
) -> None:
    mail.settle(connection, claim, dict.fromkeys(claim.event_ids, outcome))
