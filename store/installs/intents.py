"""Install intents: what somebody wants to link, before and while WeCom is asked."""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import LiteralString

from psycopg.rows import class_row

from domain.ids import CORP_KEY
from domain.mailbox import mailbox_of_code
from store.database import Connection
from store.inbox.record import (
    BODY_PLACE,
    MailState,
    Post,
    identify,
    post_internal,
    record,
)
from store.sealing import Keyring

# Internal mail of the page to which WeCom sends the installer back; its body is the
# code. Of the other kind: who installed is known now, or something was mended.
AUTH_CODE = "auth_code"
INSTALL_RESUMED = "install_resumed"

LIFETIME_SECONDS = 20 * 60
# Nobody looks at an intent for longer than the page of its first sync.
KEPT_HOURS = 48
# So many intents of way 2 may be on their way to WeCom at once.
MOST_WISHES = 5_000

_ID_BYTES = 16
_STATE_BYTES = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """One wish to link a corp: to a company (way 1), or to one of an edition (way 2).

    Shape: `expired` until it is confirmed counts from its making, afterwards from the
        way to WeCom: that is how long WeCom takes an install for this wish.
    """

    intent_id: str
    company_id: str | None
    admin_account_id: str | None
    edition: str | None
    state: str = field(repr=False)
    browser: bytes | None = field(repr=False)
    code_hash: str | None
    installer_corp_id: str | None
    installer_userid: str | None
    confirmed_at: datetime | None
    expires_at: datetime
    expired: bool

    @property
    def used(self) -> bool:
        """Whether an auth code came back for it."""
        return self.code_hash is not None

    @property
    def for_existing(self) -> bool:
        """Whether it is way 1."""
        return self.company_id is not None


_COLUMNS = """
    intent_id, company_id, admin_account_id, edition, state, browser, code_hash,
    installer_corp_id, installer_userid, confirmed_at, expires_at,
    greatest(expires_at, confirmed_at + make_interval(secs => {seconds}))
        < clock_timestamp() AS expired
"""


def hash_of(secret: str) -> str:
    """What is kept of an auth code."""
    return hashlib.sha256(secret.encode()).hexdigest()


def digest_of(secret: str) -> bytes:
    """What is kept of a browser's cookie."""
    return hashlib.sha256(secret.encode()).digest()


def make_for_company(
    connection: Connection, *, company_id: str, admin_account_id: str
) -> str:
    """A new intent of way 1; its id."""
    intent_id = new_intent_id()
    connection.execute(
        """
        INSERT INTO install_intents (intent_id, company_id, admin_account_id, state,
            expires_at)
        VALUES (%s, %s, %s, %s, clock_timestamp() + make_interval(secs => %s))
        """,
        [intent_id, company_id, admin_account_id, _new_state(), LIFETIME_SECONDS],
    )
    return intent_id


def wish_for(
    edition: str, *, intent_id: str, expires_at: datetime, now: datetime
) -> Intent:
    """An intent of way 2 that only its address knows: strangers write no rows."""
    return Intent(
        intent_id=intent_id,
        company_id=None,
        admin_account_id=None,
        edition=edition,
        state="",
        browser=None,
        code_hash=None,
        installer_corp_id=None,
        installer_userid=None,
        confirmed_at=None,
        expires_at=expires_at,
        expired=expires_at < now,
    )


def keep_wish(connection: Connection, intent: Intent) -> None:
    """Keep an intent of way 2, which is about to be confirmed.

    Shape: of those that lead nowhere the newest are kept, so that whoever confirms
        wishes without end fills no table.
    Repeats: it is kept once.
    """
    connection.execute(
        "INSERT INTO install_intents (intent_id, edition, state, expires_at)"
        " VALUES (%s, %s, %s, %s) ON CONFLICT (intent_id) DO NOTHING",
        [intent.intent_id, intent.edition, _new_state(), intent.expires_at],
    )
    connection.execute(
        """
        DELETE FROM install_intents WHERE intent_id IN (
            SELECT intent_id FROM install_intents
            WHERE edition IS NOT NULL AND code_hash IS NULL
            ORDER BY created_at DESC OFFSET %s)
        """,
        [MOST_WISHES],
    )


def find(connection: Connection, intent_id: str) -> Intent | None:
    """The intent of this id."""
    return _find(connection, "intent_id = %s", intent_id)


def find_by_state(connection: Connection, state: str) -> Intent | None:
    """The intent for which WeCom hands this state back."""
    return _find(connection, "state = %s", state)


def find_by_code(connection: Connection, code_hash: str) -> Intent | None:
    """The intent for which this auth code came back."""
    return _find(connection, "code_hash = %s", code_hash)


def confirm(connection: Connection, intent_id: str, browser: bytes) -> str | None:
    """The state for the way to WeCom's install page; None in another browser.

    Repeats: the browser that confirms first has the intent, and may do so again after
        a step back.
    """
    row = connection.execute(
        """
        UPDATE install_intents SET browser = %(browser)s,
            confirmed_at = clock_timestamp()
        WHERE intent_id = %(intent_id)s
            AND coalesce(browser, %(browser)s) = %(browser)s
        RETURNING state
        """,
        {"browser": browser, "intent_id": intent_id},
    ).fetchone()
    return str(row[0]) if row else None


def note_cancelled(connection: Connection, intent_id: str) -> None:
    """The browser came back from WeCom with nothing; it may be sent there again."""
    connection.execute(
        "UPDATE install_intents SET returned_at = clock_timestamp()"
        " WHERE intent_id = %s AND code_hash IS NULL",
        [intent_id],
    )


def use(connection: Connection, intent_id: str, code_hash: str) -> bool:
    """Whether the intent stands for this auth code now.

    Repeats: an intent has one code; another one's is refused.
    """
    row = connection.execute(
        """
        UPDATE install_intents SET code_hash = %(code_hash)s,
            returned_at = clock_timestamp()
        WHERE intent_id = %(intent_id)s
            AND coalesce(code_hash, %(code_hash)s) = %(code_hash)s
        RETURNING 1
        """,
        {"code_hash": code_hash, "intent_id": intent_id},
    ).fetchone()
    return row is not None


def bring_code(
    connection: Connection, keyring: Keyring, *, intent_id: str, code: str
) -> bool:
    """Use the intent for an auth code and mail the code; ring after the commit.

    Repeats: the same code again is counted as a duplicate; another one is refused.
    """
    code_hash = hash_of(code)
    if not use(connection, intent_id, code_hash):
        return False
    mailbox = mailbox_of(code_hash)
    body = code.encode()
    post = Post(
        digest=identify(mailbox=mailbox, content=AUTH_CODE.encode() + body),
        mailbox=mailbox,
        kind=AUTH_CODE,
        change=None,
        key=CORP_KEY,
        state=MailState.PENDING,
        outcome=None,
        sent_at=None,
        hint={},
        body=keyring.seal(body, place=BODY_PLACE),
    )
    record(connection, post)
    return True


def resume(connection: Connection, code_hash: str) -> None:
    """Have a worker decide the install once more; ring after the commit."""
    post_internal(
        connection,
        mailbox=mailbox_of(code_hash),
        kind=INSTALL_RESUMED,
        key=CORP_KEY,
        hint={},
    )


def mailbox_of(code_hash: str) -> str:
    """Where everything about one auth code waits."""
    return mailbox_of_code(code_hash)


def note_installer(
    connection: Connection, intent_id: str, *, corp_id: str, userid: str
) -> None:
    """Who signed in by WeCom after the install."""
    connection.execute(
        "UPDATE install_intents SET installer_corp_id = %s, installer_userid = %s"
        " WHERE intent_id = %s",
        [corp_id, userid, intent_id],
    )


def any_on_its_way(connection: Connection) -> bool:
    """Whether somebody may come back from WeCom's install page any moment."""
    row = connection.execute(
        """
        SELECT EXISTS (
            SELECT FROM install_intents WHERE code_hash IS NULL
                AND coalesce(returned_at < confirmed_at, true)
                AND confirmed_at > clock_timestamp() - make_interval(secs => %s))
        """,
        [LIFETIME_SECONDS],
    ).fetchone()
    return bool(row and row[0])


def prune(connection: Connection) -> int:
    """Forget intents that nobody can come back to."""
    return connection.execute(
        "DELETE FROM install_intents"
        " WHERE created_at < clock_timestamp() - make_interval(hours => %s)",
        [KEPT_HOURS],
    ).rowcount


def new_intent_id() -> str:
    """An id that nobody guesses."""
    return secrets.token_urlsafe(_ID_BYTES)


def _new_state() -> str:
    # WeCom takes letters and digits alone.
    return secrets.token_hex(_STATE_BYTES)


def _find(
    connection: Connection, condition: LiteralString, value: str
) -> Intent | None:
    columns = _COLUMNS.format(seconds=LIFETIME_SECONDS)
    with connection.cursor(row_factory=class_row(Intent)) as cursor:
        cursor.execute(
            f"SELECT {columns} FROM install_intents WHERE {condition}",  # noqa: S608 - both are constants of this module
            [value],
        )
        return cursor.fetchone()
