"""The front as the receiver wants it: how long bodies may be, what is counted, and a
heartbeat that stands for requests answered, not for a thread alive."""

from collections.abc import Callable, Iterable
from typing import Any

from receiver.proof import Proof
from receiver.routes import PATHS, UNDERSTUDY
from serving.worker import FrontWorker
from serving.wsgi import Environ
from tapd.webhooks import BODY_BYTES as ITEM_BYTES
from wecom.intake import BODY_BYTES

_ANSWER_SECONDS = 2.0


class ReceiverWorker(FrontWorker):
    """A front whose faults are counted beside the receiver's own refusals.

    Units: WeCom waits a second; what no thread has taken by then is answered as lost.
    """

    patience_seconds = 0.7

    def body_limit(self, target: bytes) -> int:
        """Item events bear whole descriptions; callbacks are short."""
        return ITEM_BYTES if target.startswith(b"/tapd/") else BODY_BYTES

    def answer_late(
        self, environ: Environ, start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """What believed mail is told for which no thread came, so that a gap opens."""
        if environ["PATH_INFO"] not in PATHS:
            return super().answer_late(environ, start_response)
        answered: Iterable[bytes] = self.wsgi(
            environ | {UNDERSTUDY: True}, start_response
        )
        return answered

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
