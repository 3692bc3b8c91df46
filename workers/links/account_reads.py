"""Reads a company's people from TAPD's own API into our accounts, once a day.

TAPD tells no mobiles there, so this names people and their e-mails: whom to suggest,
and whom WeCom can be asked about once a list or the API has named their mobiles.
"""

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass

from configuration.tapd_access import open_pace, open_tapd
from domain.ids import AccountId, CompanyId
from domain.links.accounts import (
    AccountChange,
    AccountField,
    BadValue,
    check_account_id,
    check_email,
    check_text,
)
from store.database import transaction
from store.items import told
from store.links import account_reads, accounts
from store.links.account_reads import ReadState
from store.links.accounts import ROWS_AT_ONCE, Upserted
from store.links.link_claims import tell_accounts_changed
from tapd.api import ListedPerson, TapdApi
from tapd.errors import Denied, Refused, TapdError, Throttled
from tapd.pace import Turns
from tapd.shared_pace import PATIENT_SECONDS
from workers.failures import back_off
from workers.runtime import Runtime

_DAY_SECONDS = 24 * 3600.0
_SPREAD_SECONDS = 3600.0
# Longer than a reading takes; afterwards its worker is taken for dead.
_CLAIM_SECONDS = 900.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedAccounts:
    """What TAPD's list says; `left_out` is how many people it names by no usable id."""

    changes: tuple[AccountChange, ...]
    left_out: int = 0


def list_accounts(api: TapdApi, company_id: CompanyId) -> ListedAccounts:
    """The people of a company as changes of accounts.

    Shape: what TAPD leaves empty, or writes so that it cannot be kept, is left alone.
    Raises: TapdError.
    """
    found = api.list_people(company_id)
    usable = [each for each in found.people if _is_usable(each.account_id)]
    return ListedAccounts(
        changes=tuple(_change(each) for each in usable),
        left_out=found.without_id + len(found.people) - len(usable),
    )


def read_accounts(runtime: Runtime, company_id: CompanyId) -> None:
    """Read a company's people if that is due; outcome and next time go to Postgres.

    Repeats: harmless; one worker at a time reads a company.
    """
    runtime.bell.answer_accounts(company_id)
    api = open_tapd(runtime.settings.tapd, pace=_pace(runtime))
    if api is None or not _claim(runtime, company_id):
        return
    try:
        listed = list_accounts(api, company_id)
    except TapdError as error:
        _note_trouble(runtime, company_id, error)
        return
    done, mailboxes = _store(runtime, company_id, listed)
    for mailbox in mailboxes:
        runtime.bell.ring(mailbox)
    extra = {"company_id": company_id, "added": done.created, "changed": done.changed}
    _log.info("accounts read from tapd", extra=extra)


def _pace(runtime: Runtime) -> Turns:
    # Nobody waits for it, so it may wait for its turn.
    return open_pace(
        runtime.settings.tapd,
        runtime.redis,
        redis_url=runtime.settings.redis_url,
        patience_seconds=PATIENT_SECONDS,
    )


def _claim(runtime: Runtime, company_id: CompanyId) -> bool:
    with transaction(runtime.pool) as connection:
        return account_reads.claim(connection, company_id, seconds=_CLAIM_SECONDS)


def _store(
    runtime: Runtime, company_id: CompanyId, listed: ListedAccounts
) -> tuple[Upserted, list[str]]:
    """What became of them, and the mailboxes to ring because of it."""
    done, concerned = Upserted(), None
    with transaction(runtime.pool) as connection:
        for start in range(0, len(listed.changes), ROWS_AT_ONCE):
            part = listed.changes[start : start + ROWS_AT_ONCE]
            done += accounts.upsert(connection, company_id, part)
        if done.created or done.changed:
            concerned = tell_accounts_changed(connection, company_id)
        account_reads.note_read(
            connection,
            company_id,
            left_out=listed.left_out,
            again_seconds=_DAY_SECONDS + _spread(),
        )
        waiting = told.tell_accounts_read(connection, company_id)
    return done, [each for each in (concerned, waiting) if each is not None]


def _note_trouble(runtime: Runtime, company_id: CompanyId, error: TapdError) -> None:
    with transaction(runtime.pool) as connection:
        before = account_reads.find(connection, company_id)
        strikes = before.strikes if before else 0
        state, again_seconds = _consequence(error, strikes)
        account_reads.note_trouble(
            connection,
            company_id,
            state=state,
            error=str(error),
            again_seconds=again_seconds,
        )
        waiting = None
        if state is ReadState.REFUSED:
            waiting = told.tell_accounts_read(connection, company_id)
    if waiting is not None:
        runtime.bell.ring(waiting)
    # Told when it begins: an app that nobody installed is no news every day.
    if before is None or before.state is not state:
        extra = {"company_id": company_id, "state": state.value, "error": str(error)}
        _log.warning("accounts not read from tapd", extra=extra)


def _consequence(error: TapdError, strikes: int) -> tuple[ReadState, float]:
    """What an error makes of the reading, and after how many seconds to try again."""
    if isinstance(error, Denied | Refused):
        return ReadState.REFUSED, _DAY_SECONDS + _spread()
    if isinstance(error, Throttled):
        return ReadState.FAILED, error.wait_seconds + back_off(strikes)
    return ReadState.FAILED, back_off(strikes)


def _spread() -> float:
    return random.uniform(0, _SPREAD_SECONDS)  # noqa: S311 - spreads load, hides nothing


def _change(person: ListedPerson) -> AccountChange:
    return AccountChange(account_id=AccountId(person.account_id), given=_given(person))


def _given(person: ListedPerson) -> dict[AccountField, str | None]:
    told: dict[AccountField, tuple[str | None, Callable[[str], str]]] = {
        AccountField.NICK: (person.nick, check_text),
        AccountField.NAME: (person.name, check_text),
        AccountField.EMAIL: (person.email, _check_email),
    }
    return {
        field: text
        for field, (text, check) in told.items()
        if text is not None and _passes(check, text)
    }


def _check_email(text: str) -> str:
    return check_email(check_text(text))


def _is_usable(account_id: str) -> bool:
    return _passes(check_account_id, account_id)


def _passes(check: Callable[[str], str], text: str) -> bool:
    try:
        check(text)
    except BadValue:
        return False
    return True
