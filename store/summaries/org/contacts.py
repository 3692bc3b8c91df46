"""How somebody is reached, in full: only for whoever gave a reason for it."""

from dataclasses import dataclass

from store.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A number or an address, and whether WeCom or TAPD has told it."""

    name: str
    value: str
    source: str


def list_contacts(
    connection: Connection, corp_pk: int, member_pk: int
) -> list[Contact]:
    """What WeCom shows of a member, and what their TAPD account says."""
    row = connection.execute(
        """
        SELECT details, account.mobile, account.email
        FROM members LEFT JOIN links USING (corp_pk, member_pk)
        LEFT JOIN accounts AS account ON account.account_id = links.account_id
        WHERE members.corp_pk = %s AND members.member_pk = %s
        """,
        [corp_pk, member_pk],
    ).fetchone()
    if row is None:
        return []
    details, mobile, email = row
    seen = {name: value for name, value in details.items() if isinstance(value, str)}
    known = {"mobile": mobile, "email": email}
    return [
        Contact(name=name, value=value, source=source)
        for source, fields in (("wecom", seen), ("tapd", known))
        for name, value in fields.items()
        if value
    ]
