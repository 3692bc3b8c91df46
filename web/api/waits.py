"""What is waited for, as the API answers it."""

from datetime import datetime

from pydantic import BaseModel, Field

from store.summaries.mail.waits import WaitSummary


class Waits(BaseModel):
    """What is waited for, since when, and until when."""

    waits_for: str = Field(
        description="odd_answer, unavailable, late_answer, throttle, ticket, revoked, "
        "paused, first_read, operator, store, calm, redirect or retry."
    )
    since: datetime | None
    until: datetime | None = Field(
        description="Null while nobody knows: it waits for an event or a person."
    )
    error: str | None = Field(
        description="Endpoint, status and what came instead of an answer; no body."
    )


def show_wait(wait: WaitSummary | None) -> Waits | None:
    """A wait as the API answers it; None for none."""
    if wait is None:
        return None
    return Waits(
        waits_for=wait.waits_for, since=wait.since, until=wait.until, error=wait.error
    )
