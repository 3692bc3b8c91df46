"""What can go wrong with TAPD's API, one class for each consequence.

    TapdError
      Unavailable    network, time-out, HTTP 5xx, an answer that is none: try later
      Throttled      429: wait, then try
      Denied         401, or 422 that speaks of the access token: our credentials, or
                     this token, are not accepted
      Refused        any other status: the same call will be refused again

Source: TAPD's API pages on authentication and error codes.
"""

from __future__ import annotations


class TapdError(Exception):
    """Something about TAPD failed; the subclass says what follows.

    The reason is written by us: TAPD's own texts may quote whom or what was asked for.
    """

    def __init__(
        self, reason: str = "", *, status: int | None = None, path: str | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.path = path

    def __str__(self) -> str:
        what = [f"status {self.status}"] if self.status is not None else []
        what += [self.reason] if self.reason else []
        return ": ".join(part for part in (self.path, ", ".join(what)) if part)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"


class Unavailable(TapdError):
    """TAPD gave no answer that decides anything; the same call may work later."""


class Throttled(TapdError):
    """TAPD's limit is reached; it opens again after a wait."""

    def __init__(
        self,
        reason: str = "",
        *,
        wait_seconds: float,
        status: int | None = None,
        path: str | None = None,
    ) -> None:
        super().__init__(reason, status=status, path=path)
        self.wait_seconds = wait_seconds


class Denied(TapdError):
    """TAPD does not accept the credentials or the token of this call."""


class Refused(TapdError):
    """TAPD says no and the same call will be refused again."""
