"""What was refused, counted under its reason; what was lost opens a gap besides."""

from dataclasses import dataclass

from receiver.meters import REFUSALS
from store.intake.receiver_stores import Shore


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """The counters of one process."""

    shore: Shore

    def count(self, reason: str) -> None:
        """Somebody was not believed: that costs a counter and nothing else."""
        REFUSALS.labels(reason).inc()
        self.shore.count_refusal(reason, lost_mail=False)

    def count_lost(self, reason: str) -> None:
        """Mail that was believed could not be kept, or not read: a gap opens."""
        REFUSALS.labels(reason).inc()
        self.shore.count_refusal(reason, lost_mail=True)
