"""Accounts and memberships: who is in TAPD, and in which company."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from domain.ids import AccountId, CompanyId
from domain.links.accounts import AccountChange, AccountField, fold_email
from store.database import Connection
from store.mobiles import to_e164

ROWS_AT_ONCE = 10_000

_FIELDS = ("nick", "name", "mobile", "mobile_e164", "email", "email_folded")
_DIFFERS = """(
    has_nick AND accounts.nick IS DISTINCT FROM given.nick
    OR has_name AND accounts.name IS DISTINCT FROM given.name
    OR has_mobile AND (accounts.mobile, accounts.mobile_e164)
        IS DISTINCT FROM (given.mobile, given.mobile_e164)
    OR has_email AND (accounts.email, accounts.email_folded)
        IS DISTINCT FROM (given.email, given.email_folded)
)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upserted:
    """What became of the accounts that were given; the sum is how many."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0

    def __add__(self, other: "Upserted") -> "Upserted":
        """Both together."""
        return Upserted(
            created=self.created + other.created,
            changed=self.changed + other.changed,
            unchanged=self.unchanged + other.unchanged,
        )


def upsert(
    connection: Connection, company_id: CompanyId, changes: Sequence[AccountChange]
) -> Upserted:
    """Make these accounts what is said of them, and each of them one of the company's.

    An account that was known and joins the company counts as changed. A membership
    that there is, or was, stays as it is: whom WeCom removed no list brings back.

    Repeats: a second call finds everything unchanged and writes nothing.
    Raises: BadValue for a mobile that is none; ValueError for more than ROWS_AT_ONCE
        accounts; UniqueViolation for an account named twice.
    """
    if len(changes) > ROWS_AT_ONCE:
        raise ValueError(f"more than {ROWS_AT_ONCE} accounts at once")
    _load(connection, changes)
    _create(connection)
    _change(connection)
    _join(connection, company_id)
    return _count(connection)


def _load(connection: Connection, changes: Sequence[AccountChange]) -> None:
    connection.execute("DROP TABLE IF EXISTS pg_temp.given_accounts")
    connection.execute(
        """
        CREATE TEMPORARY TABLE given_accounts (
            account_id TEXT COLLATE "C" PRIMARY KEY,
            nick TEXT, name TEXT, mobile TEXT, mobile_e164 TEXT,
            email TEXT, email_folded TEXT,
            has_nick BOOLEAN NOT NULL, has_name BOOLEAN NOT NULL,
            has_mobile BOOLEAN NOT NULL, has_email BOOLEAN NOT NULL,
            outcome TEXT NOT NULL DEFAULT 'unchanged'
        ) ON COMMIT DROP
        """
    )
    columns = ", ".join(("account_id", *_FIELDS, *(f"has_{f}" for f in AccountField)))
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY given_accounts ({columns}) FROM STDIN") as copy,
    ):
        for change in changes:
            copy.write_row(tuple(_row(change)))
    connection.execute("ANALYZE given_accounts")


def _row(change: AccountChange) -> Iterator[str | bool | None]:
    given = change.given
    mobile, email = given.get(AccountField.MOBILE), given.get(AccountField.EMAIL)
    yield change.account_id
    yield given.get(AccountField.NICK)
    yield given.get(AccountField.NAME)
    yield mobile
    yield None if mobile is None else to_e164(mobile)
    yield email
    yield None if email is None else fold_email(email)
    yield from (each in given for each in AccountField)


def _create(connection: Connection) -> None:
    # In the order of their ids, as everywhere: two lists at once cannot wait for
    # each other.
    columns = ", ".join(("account_id", *_FIELDS))
    connection.execute(
        f"""
        WITH created AS (
            INSERT INTO accounts ({columns})
            SELECT {columns} FROM given_accounts ORDER BY account_id
            ON CONFLICT (account_id) DO NOTHING
            RETURNING account_id
        )
        UPDATE given_accounts AS given SET outcome = 'created'
        FROM created WHERE given.account_id = created.account_id
        """  # noqa: S608 - constant names
    )


def _change(connection: Connection) -> None:
    connection.execute(
        f"""
        SELECT 1 FROM accounts JOIN given_accounts AS given USING (account_id)
        WHERE {_DIFFERS} ORDER BY account_id FOR NO KEY UPDATE OF accounts
        """  # noqa: S608 - constant text
    )
    connection.execute(
        """
        INSERT INTO former_nicks (account_id, nick)
        SELECT account_id, accounts.nick
        FROM accounts JOIN given_accounts AS given USING (account_id)
        WHERE has_nick AND accounts.nick IS DISTINCT FROM given.nick
            AND accounts.nick IS NOT NULL
        ON CONFLICT (nick, account_id) DO UPDATE SET given_up_at = clock_timestamp()
        """
    )
    connection.execute(
        f"""
        WITH changed AS (
            UPDATE accounts SET changed_at = clock_timestamp(),
                nick = CASE WHEN has_nick THEN given.nick ELSE accounts.nick END,
                name = CASE WHEN has_name THEN given.name ELSE accounts.name END,
                mobile = CASE WHEN has_mobile THEN given.mobile
                    ELSE accounts.mobile END,
                mobile_e164 = CASE WHEN has_mobile THEN given.mobile_e164
                    ELSE accounts.mobile_e164 END,
                mobile_changed_at = CASE WHEN has_mobile AND accounts.mobile_e164
                    IS DISTINCT FROM given.mobile_e164 THEN clock_timestamp()
                    ELSE accounts.mobile_changed_at END,
                email = CASE WHEN has_email THEN given.email ELSE accounts.email END,
                email_folded = CASE WHEN has_email THEN given.email_folded
                    ELSE accounts.email_folded END
            FROM given_accounts AS given
            WHERE given.account_id = accounts.account_id AND {_DIFFERS}
            RETURNING given.account_id
        )
        UPDATE given_accounts AS given SET outcome = 'changed'
        FROM changed WHERE given.account_id = changed.account_id
        """  # noqa: S608 - constant text
    )


def _join(connection: Connection, company_id: CompanyId) -> None:
    connection.execute(
        """
        WITH joined AS (
            INSERT INTO memberships (company_id, account_id, origin)
            SELECT %s, account_id, 'tapd' FROM given_accounts ORDER BY account_id
            ON CONFLICT (company_id, account_id) DO NOTHING
            RETURNING account_id
        )
        UPDATE given_accounts AS given SET outcome = 'changed'
        FROM joined
        WHERE given.account_id = joined.account_id AND outcome = 'unchanged'
        """,
        [company_id],
    )


def _count(connection: Connection) -> Upserted:
    rows = connection.execute(
        "SELECT outcome, count(*) FROM given_accounts GROUP BY outcome"
    ).fetchall()
    return Upserted(**dict(rows))


def introduce(
    connection: Connection, account_id: AccountId, *, nick: str | None, name: str | None
) -> None:
    """Make an account known by what TAPD tells of its owner; it joins no company.

    Repeats: what is known already stays unless TAPD says otherwise now.
    """
    connection.execute(
        """
        INSERT INTO former_nicks (account_id, nick)
        SELECT account_id, nick FROM accounts
        WHERE account_id = %s AND nick IS DISTINCT FROM %s AND %s::text IS NOT NULL
            AND nick IS NOT NULL
        ON CONFLICT (nick, account_id) DO UPDATE SET given_up_at = clock_timestamp()
        """,
        [account_id, nick, nick],
    )
    connection.execute(
        """
        INSERT INTO accounts AS known (account_id, nick, name)
        VALUES (%(account_id)s, %(nick)s, %(name)s)
        ON CONFLICT (account_id) DO UPDATE SET changed_at = clock_timestamp(),
            nick = coalesce(excluded.nick, known.nick),
            name = coalesce(excluded.name, known.name)
        WHERE (coalesce(excluded.nick, known.nick), coalesce(excluded.name, known.name))
            IS DISTINCT FROM (known.nick, known.name)
        """,
        {"account_id": account_id, "nick": nick, "name": name},
    )
