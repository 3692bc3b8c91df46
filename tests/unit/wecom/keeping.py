"""A clock that stands still, and stores of tokens and tickets in memory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

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
        self.claims: dict[str, tuple[UUID, datetime]] = {}
        self.rests: dict[str, tuple[UUID, datetime]] = {}
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

    def claim_refresh(self, owner: str, *, seconds: float) -> UUID | None:
        return None if self._taken(self.claims, owner) else self._claim(owner, seconds)

    def claim_ahead(self, owner: str, *, seconds: float) -> UUID | None:
        if self._taken(self.rests, owner):
            return None
        return self.claim_refresh(owner, seconds=seconds)

    def release_refresh(self, owner: str, claim: UUID) -> None:
        if owner in self.claims and self.claims[owner][0] == claim:
            del self.claims[owner]

    def rest(self, owner: str, claim: UUID, *, seconds: float) -> None:
        if owner in self.claims and self.claims[owner][0] == claim:
            del self.claims[owner]
            self.rests[owner] = claim, self._clock.now() + timedelta(seconds=seconds)

    def _claim(self, owner: str, seconds: float) -> UUID:
        claim = uuid4()
        self.claims[owner] = claim, self._clock.now() + timedelta(seconds=seconds)
        return claim

    def _taken(self, of: dict[str, tuple[UUID, datetime]], owner: str) -> bool:
        return owner in of and of[owner][1] > self._clock.now()


class MemoryTickets:
    """One suite's newest ticket."""

    def __init__(self, ticket: HeldTicket | None) -> None:
        self.ticket = ticket

    def find_ticket(self, suite_id: str) -> HeldTicket | None:
        return self.ticket
