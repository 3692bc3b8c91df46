"""The front as the receiver wants it: how long bodies may be, what is counted, and a
heartbeat that stands for requests answered, not for a thread alive."""

from receiver.proof import Proof
from serving.worker import FrontWorker
from tapd.webhooks import BODY_BYTES as ITEM_BYTES
from wecom.intake import BODY_BYTES

_ANSWER_SECONDS = 2.0


class ReceiverWorker(FrontWorker):
    """A front whose faults are counted beside the receiver's own refusals."""

    def body_limit(self, target: bytes) -> int:
        """Item events bear whole descriptions; callbacks are short."""
        return ITEM_BYTES if target.startswith(b"/tapd/") else BODY_BYTES

    def note_fault(self, reason: str) -> None:
        """Something came that is no request: one more of its reason."""
        if (refusals := self._of_app("refusals")) is not None:
            refusals.count(reason)

    def run(self) -> None:
        """Serve, and prove it to the heartbeat."""
        if (shore := self._of_app("shore")) is not None:
            proof = Proof(lambda: self.is_serving(timeout_seconds=_ANSWER_SECONDS))
            shore.pulse.watch(proof.unserved_seconds)
            proof.start()
        super().run()

    def _of_app(self, name: str):  # type: ignore[no-untyped-def]  # Flask's, untyped.
        # A benchmark puts another application here.
        return getattr(self.wsgi, "extensions", {}).get(name)
