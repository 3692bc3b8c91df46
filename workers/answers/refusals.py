"""A refusal that says nothing about whom it was asked: that key's own odd answer."""

from collections.abc import Iterator
from contextlib import contextmanager

from wecom.errors import Misconfigured, OddAnswer, Refused


@contextmanager
def odd_if_refused(*, but: tuple[type[Refused], ...] = ()) -> Iterator[None]:
    """Take an errcode that has no meaning at this endpoint for an odd answer.

    Asked again at once WeCom would say the same, and others may be answered: it stops
    neither the drain nor the run. What an operator has to mend is nobody's own.

    Shape: `but` are refusals that mean something to whoever asks.
    Raises: OddAnswer in place of any other refusal.
    """
    try:
        yield
    except Refused as error:
        if isinstance(error, (Misconfigured, *but)):
            raise
        raise OddAnswer(
            error.reason or "refused",
            errcode=error.errcode,
            endpoint=error.endpoint,
            corp_id=error.corp_id,
            hint=error.hint,
        ) from error
