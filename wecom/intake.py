"""The checks a callback must pass before it is believed, in their fixed order.

The first fault answers, so that two builds of this service refuse alike.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from urllib.parse import unquote

from wecom.callbacks import Callback, parse_callback, parse_envelope
from wecom.crypto import AesKey, Opened, open_envelope, signature_matches
from wecom.errors import BadEnvelope, Malformed
from wecom.events import Family
from wecom.fields import parse_message

BODY_BYTES = 65_536
SKEW_SECONDS = 600
# By as much our own clock may be wrong before Postgres' counts; whoever stores a
# callback bounds its time exactly.
CLOCKS_APART_SECONDS = 30
_TIMESTAMP = re.compile("[0-9]{1,10}")
# What WeCom asks to be told back is a number; nothing that carries mail looks like one.
_TOKEN = re.compile(rb"[0-9A-Za-z]+")


class CallbackRefused(Exception):
    """A request that is not believed: the HTTP status, and the reason it counts under.

    Shape: `loses_mail` when WeCom said something to us that nobody can read, and does
        not say it again; reasons are method, size, arguments, timestamp, envelope_xml,
        signature, envelope, receiver, echostr, message_xml.
    """

    def __init__(self, status: int, reason: str, *, loses_mail: bool = False) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.loses_mail = loses_mail


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteIdentity:
    """By what a callback proves that it comes from WeCom and is meant for us.

    Shape: `suite_ids` are ours, the login suite's among them; `suite_id` is the app's.
    """

    token: str = field(repr=False)
    key: AesKey
    suite_id: str
    suite_ids: frozenset[str]
    provider_corp_id: str


def verify_url(suite: SuiteIdentity, *, query: str, now: float) -> bytes:
    """The decrypted echostr of a URL verification: a token of letters and digits.

    The sealed text of a callback bears the same signature; were it told back, whoever
    saw one pass could read the ticket or the auth code in it.
    Raises: Refused.
    """
    arguments = _arguments(query, "msg_signature", "timestamp", "nonce", "echostr")
    _check_time(arguments["timestamp"], now)
    opened = _open(suite, arguments, arguments["echostr"])
    if opened.receiver not in {suite.provider_corp_id, suite.suite_id}:
        raise CallbackRefused(403, "receiver")
    if not _TOKEN.fullmatch(opened.message):
        raise CallbackRefused(400, "echostr")
    return opened.message


def open_callback(
    suite: SuiteIdentity, *, query: str, body: bytes, now: float
) -> tuple[Callback, bytes]:
    """A callback meant for us, and the decrypted bytes that it was read from.

    Raises: Refused.
    """
    arguments = _arguments(query, "msg_signature", "timestamp", "nonce")
    _check_time(arguments["timestamp"], now)
    try:
        encrypt = parse_envelope(body)
    except Malformed:
        raise CallbackRefused(400, "envelope_xml") from None
    opened = _open(suite, arguments, encrypt)
    try:
        callback = parse_callback(opened.message)
    except Malformed:
        # The sealed token of a verification bears a signature as well, and is no mail.
        is_mail = not _TOKEN.fullmatch(opened.message)
        _check_unreadable(suite, opened, is_mail=is_mail)
        raise CallbackRefused(400, "message_xml", loses_mail=is_mail) from None
    _check_receiver(
        suite,
        opened,
        family=callback.family,
        suite_id=callback.suite_id,
        corp_id=callback.to_user_name,
    )
    return _bounded(callback, now), opened.message


def _bounded(callback: Callback, now: float) -> Callback:
    """The callback, said no later than it arrived, whatever it says itself."""
    latest = int(now) + CLOCKS_APART_SECONDS
    if callback.sent_at is None or callback.sent_at <= latest:
        return callback
    return replace(callback, sent_at=latest)


def _arguments(query: str, *names: str) -> dict[str, str]:
    # A bare plus stands for itself: no argument has blanks, and base64 has pluses.
    found: dict[str, str] = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if "%" in part:
            name, value = unquote(name), unquote(value)
        if name in found:
            raise CallbackRefused(400, "arguments")
        if name in names:
            found[name] = value
    if len(found) != len(names):
        raise CallbackRefused(400, "arguments")
    return found


def _check_time(timestamp: str, now: float) -> None:
    if not _TIMESTAMP.fullmatch(timestamp):
        raise CallbackRefused(400, "arguments")
    if abs(now - int(timestamp)) > SKEW_SECONDS:
        raise CallbackRefused(403, "timestamp")


def _open(suite: SuiteIdentity, arguments: dict[str, str], encrypt: str) -> Opened:
    if not signature_matches(
        token=suite.token,
        timestamp=arguments["timestamp"],
        nonce=arguments["nonce"],
        encrypt=encrypt,
        signature=arguments["msg_signature"],
    ):
        raise CallbackRefused(403, "signature")
    try:
        return open_envelope(suite.key, encrypt)
    except BadEnvelope:
        raise CallbackRefused(403, "envelope") from None


def _check_receiver(
    suite: SuiteIdentity,
    opened: Opened,
    *,
    family: Family | None,
    suite_id: str | None,
    corp_id: str | None,
) -> None:
    ours = (
        opened.receiver in suite.suite_ids or opened.receiver == suite.provider_corp_id
    )
    if family is Family.DATA:
        ours = opened.receiver in {corp_id, suite.provider_corp_id}
    elif family is None:
        ours = ours or opened.receiver == corp_id
    elif suite_id not in suite.suite_ids:
        ours = False
    if not ours:
        raise CallbackRefused(403, "receiver")


def _check_unreadable(suite: SuiteIdentity, opened: Opened, *, is_mail: bool) -> None:
    # The receiver comes first in the order, as far as a broken message lets it be told.
    try:
        fields = parse_message(opened.message)
    except Malformed:
        try:
            _check_receiver(suite, opened, family=None, suite_id=None, corp_id=None)
        except CallbackRefused as refused:
            # Sealed with our key for some corp, but nobody can read for which.
            refused.loses_mail = is_mail and bool(opened.receiver)
            raise
        return
    family = None
    if "InfoType" in fields:
        family = Family.COMMAND
    elif "MsgType" in fields or "Event" in fields:
        family = Family.DATA
    try:
        suite_id, corp_id = fields.text("SuiteId"), fields.text("ToUserName")
    except Malformed:
        # What the receiver would be compared with is what cannot be read.
        if family is Family.DATA and opened.receiver:
            return
        family = suite_id = corp_id = None
    _check_receiver(suite, opened, family=family, suite_id=suite_id, corp_id=corp_id)
