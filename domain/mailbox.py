"""The names of mailboxes: what mail is kept together, and whom it is about."""

from dataclasses import dataclass
from enum import StrEnum


class MailboxKind(StrEnum):
    """Whom the mail of a mailbox is about."""

    CORP = "corp"  # One authorisation, by WeCom's corpid.
    CODE = "code"  # An install that names no corp yet, by the hash of its auth code.
    COMPANY = "company"  # TAPD's items, by the id of the company.
    SUITE = "suite"  # Our app itself; there is one.


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mailbox by its kind and whom it is about.

    Shape: as text `kind:name`, and `suite` alone.
    """

    kind: MailboxKind
    name: str

    def __str__(self) -> str:
        if self.kind is MailboxKind.SUITE:
            return str(self.kind)
        return f"{self.kind}:{self.name}"

    @classmethod
    def parse(cls, text: str) -> "Mailbox":
        """The mailbox of a name.

        Raises: ValueError.
        """
        kind, _, name = text.partition(":")
        return cls(MailboxKind(kind), name)


def mailbox_of_corp(corp_id: str) -> str:
    """The name of the mailbox in which a corp's mail lies."""
    return str(Mailbox(MailboxKind.CORP, corp_id))


def mailbox_of_code(code_hash: str) -> str:
    """The name of the mailbox of an auth code, by the code's SHA-256 in hex."""
    return str(Mailbox(MailboxKind.CODE, code_hash))


def mailbox_of_company(company_id: str) -> str:
    """The name of the mailbox in which TAPD's mail about a company's items lies."""
    return str(Mailbox(MailboxKind.COMPANY, company_id))


SUITE_MAILBOX = str(Mailbox(MailboxKind.SUITE, ""))


def name_in(mailbox: str) -> str:
    """Whom a mailbox is about: the corpid, the code's hash, or the company's id."""
    return Mailbox.parse(mailbox).name
