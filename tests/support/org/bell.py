"""A doorbell that nobody hears but the test."""

from workers.queue.bell import Bell


class RecordingBell(Bell):
    """Remembers what was rung."""

    def __init__(self) -> None:
        # Not the parent's: no Redis hears this bell.
        self.rung: list[str] = []

    def ring(self, mailbox: str) -> bool:
        """Remember a mailbox."""
        self.rung.append(mailbox)
        return True

    def ring_run(self, run_id: str) -> bool:
        """Remember a run."""
        self.rung.append(f"run:{run_id}")
        return True

    def answer(self, mailbox: str) -> bool:
        """Nothing to forget."""
        return True

    def ring_notices(self, corp_pk: int) -> bool:
        """Remember a corp whose notices are due."""
        self.rung.append(f"notices:{corp_pk}")
        return True

    def answer_notices(self, corp_pk: int) -> bool:
        """Nothing to forget."""
        return True

    def answer_run(self, run_id: str) -> bool:
        """Nothing to forget."""
        return True

    def answer_preview(self, reference: str) -> bool:
        """Nothing to forget."""
        return True
