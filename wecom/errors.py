"""What can go wrong with WeCom, one class for each consequence.

    WeComError
      CallbackRejected       a callback that must not be believed: answer 4xx, count it
        BadSignature         signed with another token, or changed on the way
        BadEnvelope          base64, length, padding or receiver text is broken
        WrongReceiver        well made, but addressed to somebody else
        Malformed            the XML is not XML or lacks what it must carry
      Unavailable            network, time-out, HTTP 5xx, -1, 6000, 45035: try later
        OddAnswer            it came whole and means nothing: whom it is about waits
      Throttled              45009, 45033, 45036, or our own limit: wait, then try
      TokenExpired           40014, 42001, 40082, 42009: drop the token, once more
      TicketMissing          40085: due again at the next ticket push
      NotVisible             60111, 60003, 60123, 60011, 60021, 40003, 46004: one of
                             the two answers that a leaver needs
      Revoked                40084, 48004, 40013: confirm by get_auth_info
      Paused                 48006, 50003, 60031: pause the corp until change_auth
      Refused                any other errcode: fail, keep the evidence
        Gone                 the object is gone: read again whatever pointed at it
        Spent                a single-use code or cursor is used up: get a new one
        TooLarge             45029: ask for less at a time
        NotPermitted         the app lacks the permission: give this call up
        Undeliverable        81013: none of the recipients can be reached
        Unlicensed           the member has no interface licence
        Misconfigured        an operator has to change a setting or the console

The errcodes themselves are in `wecom.errcodes`.
"""

from __future__ import annotations


class WeComError(Exception):
    """Something about WeCom failed; the subclass says what follows.

    The reason is written by us and never quotes a token, a code or a ticket.
    """

    # Set when we did not make the call at all, because of a limit of our own.
    held_back = False

    def __init__(
        self,
        reason: str = "",
        *,
        errcode: int | None = None,
        endpoint: str | None = None,
        corp_id: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.errcode = errcode
        self.endpoint = endpoint
        self.corp_id = corp_id
        self.hint = hint

    def __str__(self) -> str:
        where = [part for part in (self.endpoint, self.corp_id) if part]
        what = [f"errcode {self.errcode}"] if self.errcode is not None else []
        what += [self.reason] if self.reason else []
        what += [f"hint {self.hint}"] if self.hint else []
        return ": ".join([*where, ", ".join(what)]) if what else ": ".join(where)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"


class CallbackRejected(WeComError):
    """A callback that must not be believed."""


class BadSignature(CallbackRejected):
    """The signature does not belong to this body and our token."""


class BadEnvelope(CallbackRejected):
    """The encrypted part cannot be opened with our key."""


class WrongReceiver(CallbackRejected):
    """The envelope is well made but addressed to somebody else."""


class Malformed(CallbackRejected):
    """The XML is not XML, or lacks an element it must carry."""


class Unavailable(WeComError):
    """WeCom gave no answer that decides anything; the same call may work later."""

    def __init__(
        self,
        reason: str = "",
        *,
        wait_seconds: float | None = None,
        errcode: int | None = None,
        endpoint: str | None = None,
        corp_id: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(
            reason, errcode=errcode, endpoint=endpoint, corp_id=corp_id, hint=hint
        )
        self.wait_seconds = wait_seconds


class OddAnswer(Unavailable):
    """An answer came whole, and a field that decides something is of an odd type.

    Asked again at once WeCom would say the same: whatever it is about stays undecided
    and is asked again on a slow clock, and everybody else goes on.
    """


class Throttled(WeComError):
    """A limit is reached; it opens again after a wait.

    Units: `wait_seconds` before the next try, `again_seconds` when that try is
    throttled too. With `jittered`, wait_seconds is the upper end of a random wait.
    """

    def __init__(
        self,
        reason: str = "",
        *,
        wait_seconds: float = 60.0,
        again_seconds: float = 3600.0,
        jittered: bool = False,
        errcode: int | None = None,
        endpoint: str | None = None,
        corp_id: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(
            reason, errcode=errcode, endpoint=endpoint, corp_id=corp_id, hint=hint
        )
        self.wait_seconds = wait_seconds
        self.again_seconds = again_seconds
        self.jittered = jittered


class TokenExpired(WeComError):
    """The token used is not valid any more, whatever its clock says."""


class TicketMissing(WeComError):
    """No suite_ticket of the last 30 minutes is known."""


class NotVisible(WeComError):
    """The member or department does not exist, or not for us."""


class Revoked(WeComError):
    """The corp seems to have withdrawn its authorisation."""


class Paused(WeComError):
    """The corp has disabled the app, or WeCom has for lack of use."""


class Refused(WeComError):
    """WeCom says no and the same call will be refused again."""


class Gone(Refused):
    """The object pointed at is gone; what pointed there is stale."""


class Spent(Refused):
    """A code, ticket or cursor with a short life is used up or expired."""


class TooLarge(Refused):
    """The answer would be too large; ask for less at a time."""


class NotPermitted(Refused):
    """The app has no permission for this endpoint in this corp."""


class Undeliverable(Refused):
    """None of the recipients can be reached."""


class Unlicensed(Refused):
    """The member has no valid interface licence."""


class Misconfigured(Refused):
    """A setting, a secret or the provider console needs an operator's hand."""
