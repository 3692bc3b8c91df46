"""The states that things of ours go through, as rows, pages and the API name them."""

from enum import StrEnum


class CorpState(StrEnum):
    """How an authorisation stands; `paused` means that mail is kept, not followed."""

    AUTHORISED = "authorised"
    LINKED = "linked"
    PAUSED = "paused"
    REVOKED = "revoked"


class InstallState(StrEnum):
    """How far an auth code has come."""

    WAITING = "waiting"
    EXCHANGED = "exchanged"
    LINKED = "linked"
    REFUSED = "refused"
    FAILED = "failed"


class RunState(StrEnum):
    """How a full read stands; of a `held` one the rest is applied."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    HELD = "held"
    FAILED = "failed"
    CANCELLED = "cancelled"


class PlanState(StrEnum):
    """What became of removals that wait for a person."""

    HELD = "held"
    APPROVED = "approved"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
