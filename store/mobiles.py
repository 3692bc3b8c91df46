"""The one form in which mobiles are kept and compared: E.164, +86 unless said."""

import re

from phonenumbers import (
    NumberParseException,
    PhoneNumberFormat,
    PhoneNumberType,
    format_number,
    is_possible_number_for_type,
    parse,
)

from domain.links.accounts import BadValue

_REGION = "CN"
_FAULT = "is not a mobile number"
# As nearly all are written; reading them by the rules of all countries takes long.
_PLAIN = re.compile(r"1[0-9]{10}")


def to_e164(mobile: str) -> str:
    """The mobile as `+<country><number>`.

    Only the length is judged: operators open new ranges before any table knows them.

    Raises: BadValue when it is no mobile; the message does not repeat it.
    """
    if _PLAIN.fullmatch(mobile):
        return f"+86{mobile}"
    # Letters would be read as the keys of a telephone, and "1.38E+10" as a number.
    if any(each.isalpha() for each in mobile):
        raise BadValue(_FAULT)
    try:
        number = parse(mobile, _REGION)
    except NumberParseException as error:
        raise BadValue(_FAULT) from error
    if number.extension or not is_possible_number_for_type(
        number, PhoneNumberType.MOBILE
    ):
        raise BadValue(_FAULT)
    return format_number(number, PhoneNumberFormat.E164)


def find_e164(mobile: str) -> str | None:
    """The mobile as `+<country><number>`, None when it is no mobile."""
    try:
        return to_e164(mobile)
    except BadValue:
        return None
