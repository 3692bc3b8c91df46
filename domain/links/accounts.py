"""People in TAPD: what is said of them, and the form in which e-mails are compared."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.ids import AccountId

MAX_LENGTH = 256

# 1.12E+18, 12.0, 1,120: how spreadsheets show long numbers.
_SHORTENED = re.compile(
    r"[+-]?[0-9]+([.,][0-9]+)?e[+-]?[0-9]+|[0-9]+[.,][0-9]+|[0-9]{1,3}(,[0-9]{3})+",
    re.IGNORECASE,
)
_QUOTES = "\"'`=“”‘’"
_NOTHING = frozenset(
    {"null", "none", "nan", "n/a", "#n/a", "#ref!", "#value!", "#name?", "#num!"}
)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


class AccountField(StrEnum):
    """What may be said of an account, by the names of design.md §6.3."""

    NICK = "nick"
    NAME = "name"
    MOBILE = "mobile"
    EMAIL = "email"


class BadValue(ValueError):
    """This cannot be a field of an account; the message says why, not what it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChange:
    """What is to hold for one account.

    Shape: a field that is not in `given` is left alone, None clears it.
    """

    account_id: AccountId
    given: Mapping[AccountField, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account as far as members are matched with it.

    Shape: `mobile` in E.164, `email` folded; None where TAPD has none; `foreign`: it is
        not of the company that is linked, so it may be a stranger's.
    """

    account_id: AccountId
    mobile: str | None = None
    email: str | None = None
    foreign: bool = False


def check_text(text: str) -> str:
    """The text itself.

    Raises: BadValue when it is blank, too long or cannot be stored.
    """
    if not text.strip():
        raise BadValue("is blank")
    if len(text) > MAX_LENGTH:
        raise BadValue(f"is longer than {MAX_LENGTH} characters")
    # Postgres stores no NUL, and half a surrogate pair is no UTF-8.
    if any(each == "\0" or "\ud800" <= each <= "\udfff" for each in text):
        raise BadValue("holds a character that cannot be stored")
    return text


def check_account_id(text: str) -> str:
    """The id itself, whoever names it: a file, the API, TAPD.

    Raises: BadValue when it may be another spelling of an id, or what a spreadsheet
        made of one: it would become an account of its own.
    """
    check_text(text)
    if any(each.isspace() for each in text):
        raise BadValue("holds a blank")
    if unicodedata.normalize("NFKC", text) != text or not text.isprintable():
        raise BadValue("holds a wide character, or one that cannot be seen")
    if _SHORTENED.fullmatch(text):
        raise BadValue(
            "is a number as spreadsheets shorten it; save the column as text, and "
            "fill it in anew"
        )
    if text[0] in _QUOTES or text[-1] in _QUOTES or text.casefold() in _NOTHING:
        raise BadValue("is what a program wrote around an id, or instead of one")
    return text


def check_email(text: str) -> str:
    """The e-mail itself.

    Raises: BadValue when it has not the shape of one.
    """
    if not _EMAIL.fullmatch(text.strip()):
        raise BadValue("is not an e-mail address")
    return text


def fold_email(email: str) -> str:
    """The e-mail without regard to case, width and blanks around it."""
    return unicodedata.normalize("NFKC", email).strip().casefold()
