"""A clock that stands still, and stores of tokens and tickets in memory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from wecom.tokens import HeldTicket, StoredToken

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


class Clock:
    """Time that passes only when it is told to."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> datetime:
        return self.time

    def pass_seconds(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class MemoryStore:
    """The token store of one process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.tokens: dict[str, StoredToken] = {}
        self.claims: dict[str, datetime] = {}
        self.finds = 0

    def find(self, owner: str) -> StoredToken | None:
        self.finds += 1
        return self.tokens.get(owner)

    def save(self, owner: str, *, token: str, expires_at: datetime) -> None:
        self.tokens[owner] = StoredToken(value=token, expires_at=expires_at)

    def drop(self, owner: str, *, token: str) -> None:
        held = self.tokens.get(owner)
        if held is not None and held.value == token:
            del self.tokens[owner]

    def claim_refresh(self, owner: str, *, seconds: float) -> bool:
        claimed_until = self.claims.get(owner)
        if claimed_until is not None and claimed_until > self._clock.now():
            return False
        self.claims[owner] = self._clock.now() + timedelta(seconds=seconds)
        return True

    def release_refresh(self, owner: str) -> None:
        self.claims.pop(owner, None)


class MemoryTickets:
    """One suite's newest ticket."""

    def __init__(self, ticket: HeldTicket | None) -> None:
        self.ticket = ticket

    def find_ticket(self, suite_id: str) -> HeldTicket | None:
        return self.ticket
