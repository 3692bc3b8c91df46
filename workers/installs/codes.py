"""Auth codes: brought by WeCom's push, by a browser or by both, exchanged once."""

from dataclasses import dataclass, field

from domain.ids import RunId
from domain.mailbox import name_in
from domain.states import CorpState, InstallState
from store.database import Connection, transaction
from store.inbox import claims, mailboxes
from store.inbox.claims import ClaimedBatch
from store.installs import installs, intents
from store.installs.installs import Install
from store.installs.intents import AUTH_CODE
from store.notices import deliveries
from store.org import corps
from store.org.corps import Corp
from store.platform import tokens
from store.runs import requests, runs
from store.sealing import new_data_key
from wecom.callbacks import parse_callback
from wecom.errors import Spent, WeComError
from wecom.events import CreateAuth, ResetPermanentCode
from wecom.wire import PermanentCode
from workers.calls.client import permanent_code_place
from workers.installs import app_state
from workers.lease import leased, taken
from workers.runtime import Runtime, data_key_place, token_owner

CREATE_AUTH = "create_auth"
RESET = "reset_permanent_code"
# What a mailbox waits for after its code was refused (workers/failures.py).
REVOKED_WAIT = "revoked"

CODE_SPENT = "auth_code_spent"
FOREIGN_CODE = "foreign_code"

# A code that WeCom calls too short or malformed was never one.
_MALFORMED = 40058
# The lease under which a permanent code is replaced, and how soon it is tried again.
_NEW_CODE = "new_permanent_code"
_TURN_SECONDS = 1.0
# So long create_auth waits for a browser that may bring the same code with its wish.
REDIRECT_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """An auth code, and the state that create_auth brought with it."""

    code: str = field(repr=False)
    state: str | None


def waits_for_redirect(runtime: Runtime, claim: ClaimedBatch) -> bool:
    """Whether a browser may still bring this code, and with it what is wanted.

    The mail is put off then; it is due again with the redirect, or after the wait.
    """
    if any(each.kind != CREATE_AUTH for each in claim.mail):
        return False
    waited = claim.claimed_at - claim.mail[0].received_at
    seconds = REDIRECT_SECONDS - waited.total_seconds()
    state = read_code(runtime, claim).state
    with leased(runtime.pool, claim.mailbox, claim.lease) as connection:
        code_hash = name_in(claim.mailbox)
        if _attach(connection, code_hash, state):
            return False
        if seconds <= 0 or not intents.any_on_its_way(connection):
            return False
        claims.put_off(connection, claim, seconds=seconds)
    return True


def trade_in_turn(
    runtime: Runtime, claim: ClaimedBatch, install: Install
) -> Install | None:
    """As `trade_code`; None when the mail was put off behind another new code.

    WeCom obeys the last permanent code that it gave out. Of two exchanged at once the
    first could be kept over the second; whose they are only the answer tells.
    """
    if claim.mail[0].kind != RESET:
        return trade_code(runtime, claim, install)
    with taken(runtime.pool, _NEW_CODE) as turn:
        if turn is not None:
            return trade_code(runtime, claim, install)
    with leased(runtime.pool, claim.mailbox, claim.lease) as connection:
        claims.put_off(connection, claim, seconds=_TURN_SECONDS)
    return None


def trade_code(runtime: Runtime, claim: ClaimedBatch, install: Install) -> Install:
    """The install after its code was exchanged, by us or by whoever was faster.

    Raises: WeComError when WeCom does not answer.
    """
    try:
        answer = runtime.wecom.exchange(read_code(runtime, claim).code)
    except WeComError as error:
        if not isinstance(error, Spent) and error.errcode != _MALFORMED:
            raise
        return _after_spent_code(runtime, claim, install)
    run_id = None
    with leased(runtime.pool, claim.mailbox, claim.lease) as connection:
        corp = _keep_code(connection, runtime, answer)
        run_id = _end_doubt(connection, corp)
        installs.note_exchanged(
            connection,
            install.code_hash,
            corp.corp_pk,
            installer_userid=answer.installer.userid if answer.installer else None,
        )
        _attach(connection, install.code_hash, answer.state)
        if _is_foreign(connection, install.code_hash, answer.state):
            installs.end_install(
                connection,
                install.code_hash,
                state=InstallState.REFUSED,
                reason=FOREIGN_CODE,
            )
        installs.forget_code(connection, claim.mailbox)
        if corp.state is not CorpState.AUTHORISED and claim.mail[0].kind == RESET:
            # Nothing else has changed, so there is nothing to read again.
            installs.end_install(
                connection, install.code_hash, state=InstallState.LINKED
            )
        kept = installs.open_install(connection, install.code_hash)
    runtime.bell.ring(corp.mailbox)
    if run_id is not None:
        runtime.bell.ring_run(run_id)
    return kept


def _end_doubt(connection: Connection, corp: Corp) -> RunId | None:
    """A new code ends what the old one's refusal began: the waits, and the pause.

    Shape: the run that finds what was missed; None when nothing was.
    """
    mailboxes.end_wait(connection, corp.mailbox, waits_for=REVOKED_WAIT)
    deliveries.end_wait(connection, corp.corp_pk, waits_for=REVOKED_WAIT)
    runs.make_due(connection, corp.corp_pk)
    if corp.state is not CorpState.PAUSED or corp.paused_by != app_state.BY_DOUBT:
        return None
    app_state.resume(connection, corp)
    return requests.request_run(connection, corp.corp_pk, cause="gap")


def _after_spent_code(
    runtime: Runtime, claim: ClaimedBatch, install: Install
) -> Install:
    """Another worker exchanged the code, or it went unused for ten minutes."""
    with leased(runtime.pool, claim.mailbox, claim.lease) as connection:
        known = installs.open_install(connection, install.code_hash)
        if known.state == InstallState.WAITING:
            installs.end_install(
                connection,
                install.code_hash,
                state=InstallState.FAILED,
                reason=CODE_SPENT,
            )
            installs.forget_code(connection, claim.mailbox)
        return installs.open_install(connection, install.code_hash)


def read_code(runtime: Runtime, claim: ClaimedBatch) -> Brought:
    """The code of this mailbox, from whatever mail carries it still.

    Raises: LookupError when none does.
    """
    with transaction(runtime.pool) as connection:
        found = installs.find_code_body(connection, claim.mailbox)
    if found is None:
        raise LookupError("no mail of this mailbox carries a code")
    kind, sealed = found
    body = runtime.keyring.open(sealed, place="inbox")
    if kind == AUTH_CODE:
        return Brought(code=body.decode(), state=None)
    detail = parse_callback(body).detail
    if not isinstance(detail, CreateAuth | ResetPermanentCode):
        raise LookupError(f"mail of kind {kind} carries no code")
    state = detail.state if isinstance(detail, CreateAuth) else None
    return Brought(code=detail.auth_code, state=state)


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


def _attach(connection: Connection, code_hash: str, state: str | None) -> bool:
    """Whether a wish stands behind this code, told by browser or by state."""
    if intents.find_by_code(connection, code_hash) is not None:
        return True
    intent = intents.find_by_state(connection, state) if state else None
    return intent is not None and intents.use(connection, intent.intent_id, code_hash)


def _is_foreign(connection: Connection, code_hash: str, state: str | None) -> bool:
    """Whether WeCom gave the code for another wish than the browser says."""
    wanted = intents.find_by_code(connection, code_hash)
    given = intents.find_by_state(connection, state) if state else None
    return (
        wanted is not None and given is not None and wanted.intent_id != given.intent_id
    )
