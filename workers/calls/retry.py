"""Asks once more, at once, when WeCom only stumbled: -1, 6000, 5xx, a torn answer."""

import time
from collections.abc import Callable
from typing import TypeVar

from wecom.errors import OddAnswer, Unavailable
from wecom.wire import (
    AuthInfo,
    DepartmentRow,
    MemberAuthPage,
    MemberList,
    MemberRow,
    TagRow,
)
from workers.calls.corp_api import CorpApi

# WeCom's documents allow three tries of a busy system (90313).
MOST_TRIES = 3

# Whoever took this long to fail would take as long again: that is an outage.
_STUMBLE_SECONDS = 2.0

Answer = TypeVar("Answer")


class PatientApi:
    """A corp's questions, each tried up to three times before it counts as failed."""

    def __init__(self, api: CorpApi) -> None:
        self._api = api

    def departments(self) -> list[DepartmentRow]:
        """See `wecom.corp.Corp`."""
        return patiently(self._api.departments)

    def members_of(self, department_id: int) -> list[MemberRow]:
        """See `wecom.corp.Corp`."""
        return patiently(lambda: self._api.members_of(department_id))

    def members_unless(self, department_id: int, known: bytes | None) -> MemberList:
        """See `wecom.corp.Corp`."""
        return patiently(lambda: self._api.members_unless(department_id, known))

    def userids_of(self, department_id: int) -> list[str]:
        """See `wecom.corp.Corp`."""
        return patiently(lambda: self._api.userids_of(department_id))

    def member(self, userid: str) -> MemberRow:
        """See `wecom.corp.Corp`."""
        return patiently(lambda: self._api.member(userid))

    def tag(self, tag_id: int) -> TagRow:
        """See `wecom.corp.Corp`."""
        return patiently(lambda: self._api.tag(tag_id))

    def auth_info(self) -> AuthInfo:
        """See `wecom.corp.Corp`."""
        return patiently(self._api.auth_info)

    def permissions(self) -> frozenset[str]:
        """See `wecom.corp.Corp`."""
        return patiently(self._api.permissions)

    def authorised_members(self, cursor: str | None) -> MemberAuthPage:
        """See `wecom.corp.Corp`."""
        return patiently(lambda: self._api.authorised_members(cursor))


def patiently(question: Callable[[], Answer]) -> Answer:
    """The answer, after up to three tries.

    Raises: Unavailable at once when WeCom or our own back-off says how long to wait,
        or when failing took long; OddAnswer and any other error at once.
    """
    for _ in range(MOST_TRIES - 1):
        began = time.monotonic()
        try:
            return question()
        except Unavailable as error:
            took_long = time.monotonic() - began > _STUMBLE_SECONDS
            if took_long or error.wait_seconds is not None:
                raise
            if isinstance(error, OddAnswer):
                # It came whole: asked at once, WeCom says the same.
                raise
    return question()
