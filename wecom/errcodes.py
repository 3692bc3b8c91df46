"""WeCom's errcodes: what each means, which error it is, and what an operator can do.

Source: WeCom's global error list as of 2026-07-26; those marked 2024 are only in the
list of 2024-04-08.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from wecom.advice import ADVICE, Advice
from wecom.errors import (
    Gone,
    Misconfigured,
    NotPermitted,
    NotVisible,
    Paused,
    Refused,
    Revoked,
    Spent,
    Throttled,
    TicketMissing,
    TokenExpired,
    TooLarge,
    Unavailable,
    Undeliverable,
    Unlicensed,
    WeComError,
)

OK = 0
# The refusals of user/get that can be one of a leaver's two answers.
MEMBER_REFUSALS = frozenset({60111, 60011, 60021, 40003, 46004})
AUTH_CODE_SPENT = 40078
HINT = re.compile(r"hint: ?\[([\w.-]{1,64})\]|(from ip: ?[\w.:]{1,45})")

_MEANINGS: Mapping[type[WeComError], Mapping[int, str]] = {
    Unavailable: {
        -1: "system busy",
        6000: "data version conflict",
        45035: "changed by two calls at once",
    },
    Throttled: {
        45009: "called too often",
        45033: "too many calls at once",
        45036: "data access limited after abnormal traffic",
    },
    TokenExpired: {
        40014: "invalid access token",
        40082: "invalid suite or provider token",
        42001: "access token expired",
        42009: "suite token expired",
    },
    TicketMissing: {40085: "suite ticket missing or expired"},
    NotVisible: {
        40003: "userid unknown, departed or of another form",
        46004: "member does not exist or is out of range",
        60003: "department does not exist",
        60011: "no right on this member, department or tag",
        60021: "userid outside the scope",
        60111: "userid does not exist, or not for us",
        60121: "userid does not exist, or not for us",
        60123: "department is not in the contacts",
    },
    Revoked: {
        40013: "invalid corpid",
        40084: "permanent code wrong or authorisation cancelled",
        48004: "authorisation invalid or cancelled",
    },
    Paused: {
        48006: "permission withdrawn, the app was long unused",
        50003: "app disabled",
        60031: "app barred from this endpoint",
    },
    Gone: {
        40056: "bad agentid",
        40066: "department list empty or with an unknown department",
        40068: "tag unknown",
        60004: "parent department does not exist",
        60124: "parent department does not exist",
        60136: "record does not exist",
        301021: "a userid is not in the contacts",  # 2024
    },
    Spent: {
        40029: "sign-in code invalid",
        40077: "pre_auth_code unknown",
        AUTH_CODE_SPENT: "auth code invalid or already exchanged",
        42003: "sign-in code expired",
        42007: "pre_auth_code expired",
        42022: "sign-in code already used",
        42052: "message too old to recall",
        50100: "paging cursor invalid",
        60140: "response code invalid or expired",
        84014: "user ticket expired",  # 2024
        84015: "user ticket invalid",  # 2024
    },
    TooLarge: {45029: "answer too large"},
    NotPermitted: {
        40133: "member authorisation forbidden",
        40134: "member authorisation disabled",
        40140: "the corp has another app of this suite",
        48001: "endpoint not authorised",
        48002: "endpoint forbidden for this app",
        48008: "only with the right to edit contacts",
        48009: "only for contact sync",
        50002: "member outside the permitted range",
        81011: "no right on the tag",
        660003: "userid outside the range",
        660004: "department outside the range",
        660005: "tag outside the range",
    },
    Undeliverable: {81013: "every recipient is invalid or out of range"},
    Unlicensed: {
        701001: "licence missing",
        701008: "licence missing or expired",
        701016: "licence not valid",
        701099: "no interface licence",
    },
    Misconfigured: {
        40001: "wrong secret, or the app is stopped",
        40080: "wrong suite secret",
        40083: "wrong suite id",
        40091: "secret insecure or of another corp",
        43012: "the app has no callback URL",
        45031: "secret insecure, it must be reset",
        48003: "token of another suite",
        48005: "endpoint retired",
        48010: "TLS version not supported",
        50001: "redirect domain not trusted",
        60020: "caller's address is not on the list",
        60203: "message template unknown",
        60204: "message template not approved",
        60205: "message template keywords differ",
        60246: "app not released",
        301042: "caller's address is not on the list",  # 2024
    },
    Refused: {
        40031: "recipient list invalid",
        40032: "recipient list too long",
        40035: "parameter error",
        40058: "parameter missing or of a wrong kind",
        40063: "parameter empty",
        40125: "invalid open_userid",
        41001: "access token missing",
        41022: "suite token missing",
        41023: "suite ticket missing in the call",
        41025: "permanent code missing",
        45002: "message too long",
        45034: "URL without scheme",
        60218: "only in member authorisation",
        82001: "no recipients at all",
        82002: "too many departments",
        82003: "too many tags",
        84025: "bad state parameter",  # 2024
        84061: "no external contact",
        84062: "public telephone not enabled",  # 2024
        301002: "token is of another agent",
        **dict.fromkeys(
            (*range(42014, 42021), *range(42027, 42052)), "a card's field is wrong"
        ),
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Errcode:
    """One errcode: the error it becomes, its meaning, and the way out if any."""

    error: type[WeComError]
    meaning: str
    advice: Advice | None


ERRCODES: Mapping[int, Errcode] = MappingProxyType(
    {
        code: Errcode(error=error, meaning=meaning, advice=ADVICE.get(code))
        for error, meanings in _MEANINGS.items()
        for code, meaning in meanings.items()
    }
)


def error_for(
    errcode: int, *, endpoint: str, corp_id: str | None = None, errmsg: str = ""
) -> WeComError:
    """The error that an errcode other than 0 stands for; any unlisted one is Refused.

    Of errmsg only WeCom's hint and our own address are kept: the rest changes.
    """
    known = ERRCODES.get(errcode)
    error = known.error if known else Refused
    reason = known.meaning if known else "an errcode not in our table"
    hint = ", ".join("".join(pair) for pair in HINT.findall(errmsg)) or None
    if error is Throttled:
        wait = _WAITS[errcode]
        return Throttled(
            reason,
            wait_seconds=wait.first_seconds,
            again_seconds=wait.again_seconds,
            jittered=wait.jittered,
            errcode=errcode,
            endpoint=endpoint,
            corp_id=corp_id,
            hint=hint,
        )
    return error(reason, errcode=errcode, endpoint=endpoint, corp_id=corp_id, hint=hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wait:
    first_seconds: float
    again_seconds: float
    jittered: bool = False


_WAITS: Mapping[int, _Wait] = {
    # The window is a minute or an hour, and the answer does not say which.
    45009: _Wait(first_seconds=60, again_seconds=3600),
    45033: _Wait(first_seconds=30, again_seconds=30, jittered=True),
    45036: _Wait(first_seconds=300, again_seconds=6 * 3600),
}
