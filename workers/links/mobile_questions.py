"""Asks WeCom whose some mobiles are: what one of them meets is its own trouble."""

import logging
from collections.abc import Callable, Sequence

from domain.ids import Key, Userid
from store.links.lookups import MobileQuestion
from wecom.corp import CorpClient as CorpApi
from wecom.errors import (
    Misconfigured,
    NotPermitted,
    NotVisible,
    OddAnswer,
    Refused,
    WeComError,
)
from workers.answers.troubles import Troubles
from workers.calls.concurrent import ask_flowing
from workers.calls.retry import patiently

ENDPOINT = "user/getuserid"

_log = logging.getLogger(__name__)

Answers = list[tuple[MobileQuestion, Userid | None]]


class MobileQuestions:
    """One turn's questions; what is neither answered nor unasked stays open.

    Shape: `error` is what ended the asking, if it was more than one question's trouble;
        `unasked` are questions that were not put for it, so that they cost nothing.
    """

    def __init__(self, api: CorpApi) -> None:
        self._api = api
        self._troubles = Troubles()
        self._begun: set[int] = set()
        self.error: WeComError | None = None
        self.unasked: Sequence[MobileQuestion] = ()

    def ask(
        self, questions: Sequence[MobileQuestion], *, at_once: Callable[[], int]
    ) -> Answers:
        """Who has these mobiles, None where nobody has; the answers there are."""
        answers: Answers = []
        try:
            for batch in ask_flowing(
                self._bear, questions, at_once=at_once, batch=len(questions)
            ):
                answers += batch
        except WeComError as error:
            self.error = error
        self.unasked = [each for each in questions if each.lookup_id not in self._begun]
        return [each for each in answers if _key(each[0]) not in self._troubles.of]

    def _bear(self, question: MobileQuestion) -> Userid | None:
        self._begun.add(question.lookup_id)
        try:
            return self._troubles.bear(
                _key(question), lambda: patiently(lambda: self._ask(question.mobile))
            )
        except WeComError as error:
            if error.held_back:
                self._begun.discard(question.lookup_id)
            raise

    def _ask(self, mobile: str) -> Userid | None:
        try:
            # WeCom keeps mobiles of mainland China without their country (90332).
            return Userid(self._api.userid_by_mobile(mobile.removeprefix("+86")))
        except NotVisible:
            return None
        except (OddAnswer, Refused) as error:
            if isinstance(error, NotPermitted | Misconfigured):
                raise
            # Nobody is named, so nobody is linked by it: as good as a miss.
            _log.warning("no use of a mobile", extra={"error": str(error)})
            return None


def _key(question: MobileQuestion) -> Key:
    return Key(f"lookup:{question.lookup_id}")
