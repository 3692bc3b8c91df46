"""Everything that is handed out for a while: tokens, tickets, single-use codes."""

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Paper(StrEnum):
    """Kinds of things that are handed out."""

    SUITE_TICKET = "suite_ticket"
    SUITE_TOKEN = "suite_token"  # noqa: S105 — a kind, not a secret.
    PROVIDER_TOKEN = "provider_token"  # noqa: S105 — a kind, not a secret.
    CORP_TOKEN = "corp_token"  # noqa: S105 — a kind, not a secret.
    PRE_AUTH_CODE = "pre_auth_code"
    AUTH_CODE = "auth_code"
    OAUTH_CODE = "oauth_code"
    USER_TICKET = "user_ticket"
    RESPONSE_CODE = "response_code"
    TAPD_CODE = "tapd_code"
    TAPD_TOKEN = "tapd_token"  # noqa: S105 — a kind, not a secret.


LIFETIME_SECONDS = {
    Paper.SUITE_TICKET: 1800,
    Paper.SUITE_TOKEN: 7200,
    Paper.PROVIDER_TOKEN: 7200,
    Paper.CORP_TOKEN: 7200,
    Paper.PRE_AUTH_CODE: 1200,
    Paper.AUTH_CODE: 600,
    Paper.OAUTH_CODE: 300,
    Paper.USER_TICKET: 7200,
    Paper.RESPONSE_CODE: 72 * 3600,
    Paper.TAPD_CODE: 300,
    Paper.TAPD_TOKEN: 7200,
}


@dataclass(slots=True, kw_only=True)
class Issued:
    """One thing handed out, to whom, and until when."""

    kind: Paper
    value: str
    owner: str
    expires_at: float
    payload: dict[str, Any] = field(default_factory=dict)
    used: bool = False


class Papers:
    """Everything handed out so far.

    Shape: `now` is the simulator's own clock, which a test can set forward.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._by_value: dict[str, Issued] = {}
        self._current: dict[tuple[Paper, str], Issued] = {}

    def issue(self, kind: Paper, *, owner: str, **payload: Any) -> Issued:
        """Hand out a new one."""
        with self._lock:
            return self._issue(kind, owner, payload)

    def current(self, kind: Paper, *, owner: str) -> Issued:
        """The one that is still good, else a new one.

        Repeats: within its validity the same value, as WeCom's token calls do.
        """
        with self._lock:
            issued = self._current.get((kind, owner))
            if issued is not None and issued.expires_at > self._now():
                return issued
            return self._issue(kind, owner, {})

    def find(self, kind: Paper, value: str) -> Issued | None:
        """What this value stands for, expired or used ones included."""
        with self._lock:
            issued = self._by_value.get(value)
        return issued if issued is not None and issued.kind is kind else None

    def is_expired(self, issued: Issued) -> bool:
        """Whether its time is over."""
        return issued.expires_at <= self._now()

    def seconds_left(self, issued: Issued) -> int:
        """How long it is still good; WeCom's `expires_in`."""
        return max(0, round(issued.expires_at - self._now()))

    def end(self, kind: Paper, *, owner: str | None, forget: bool) -> int:
        """Expire, or forget altogether, what was handed out; how many that were."""
        with self._lock:
            hits = [
                one
                for one in self._by_value.values()
                if one.kind is kind and owner in (None, one.owner)
            ]
            for one in hits:
                one.expires_at = 0.0
                if forget:
                    del self._by_value[one.value]
                    self._current.pop((kind, one.owner), None)
        return len(hits)

    def _issue(self, kind: Paper, owner: str, payload: dict[str, Any]) -> Issued:
        issued = Issued(
            kind=kind,
            value=secrets.token_urlsafe(64),
            owner=owner,
            expires_at=self._now() + LIFETIME_SECONDS[kind],
            payload=payload,
        )
        self._by_value[issued.value] = issued
        self._current[kind, owner] = issued
        return issued
