"""Why a refused callback was refused: what is wrong, told apart by what still fits.

Nothing secret is shown: only which of the settings fits the request and which does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from html import unescape
from urllib.parse import unquote, unquote_plus

from wecom.callbacks import parse_envelope
from wecom.crypto import open_envelope, signature_matches
from wecom.errors import BadEnvelope, Malformed
from wecom.intake import (
    CallbackRefused,
    SuiteIdentity,
    open_callback,
    verify_url,
)

_NAMES = ("msg_signature", "timestamp", "nonce")


class RefusalCause(StrEnum):
    """What is wrong with a refused callback."""

    NONE = "none"  # It would be accepted now.
    TOKEN = "token"  # noqa: S105 - the key opens it, the signature is of another token.
    KEY = "key"  # Signed with our token, sealed with another key.
    RECEIVER = "receiver"  # Well made, but for another suite or corp.
    CLOCK = "clock"  # Well made, but of another time than ours.
    QUERY = "query"  # Something on the way changed the address.
    UNSIGNED = "unsigned"  # Neither signed nor sealed by whom we know.


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A request as it came: address' query, body, and by our clock when."""

    method: str
    query: str
    body: bytes
    at: float


def diagnose(suite: SuiteIdentity, evidence: Evidence) -> RefusalCause:
    """What is wrong with a request, by these settings."""
    reason = _refused_for(suite, evidence)
    if reason is None:
        return RefusalCause.NONE
    if reason == "timestamp" and _is_signed(suite, evidence, evidence.query):
        return RefusalCause.CLOCK
    if reason == "receiver":
        return RefusalCause.RECEIVER
    is_signed = _is_signed(suite, evidence, evidence.query)
    if is_signed:
        # A signature cannot be guessed: who made it knows the token.
        return RefusalCause.CLOCK if reason == "timestamp" else RefusalCause.KEY
    if any(_is_signed(suite, evidence, query) for query in _mended(evidence.query)):
        return RefusalCause.QUERY
    if not _is_sealed(suite, evidence):
        return RefusalCause.UNSIGNED
    return RefusalCause.TOKEN if _has_all(evidence.query) else RefusalCause.QUERY


def _refused_for(suite: SuiteIdentity, evidence: Evidence) -> str | None:
    try:
        if evidence.method == "GET":
            verify_url(suite, query=evidence.query, now=evidence.at)
        else:
            open_callback(
                suite, query=evidence.query, body=evidence.body, now=evidence.at
            )
    except CallbackRefused as refused:
        return refused.reason
    return None


def _is_signed(suite: SuiteIdentity, evidence: Evidence, query: str) -> bool:
    given = _values(query)
    encrypt = _encrypted(evidence, query)
    return bool(encrypt) and signature_matches(
        token=suite.token,
        timestamp=given.get("timestamp", ""),
        nonce=given.get("nonce", ""),
        encrypt=encrypt,
        signature=given.get("msg_signature", ""),
    )


def _is_sealed(suite: SuiteIdentity, evidence: Evidence) -> bool:
    """Whether our key opens it: then WeCom made it, for us."""
    for query in (evidence.query, *_mended(evidence.query)):
        try:
            open_envelope(suite.key, _encrypted(evidence, query))
        except BadEnvelope:
            continue
        return True
    return False


def _encrypted(evidence: Evidence, query: str) -> str:
    if evidence.method == "GET":
        return _values(query).get("echostr", "")
    try:
        return parse_envelope(evidence.body)
    except Malformed:
        return ""


def _mended(query: str) -> Iterator[str]:
    """The query as it may have been before a proxy changed it."""
    yield unescape(query)
    yield unquote(query)
    yield unquote_plus(query)
    yield query.replace("%20", "%2B").replace(" ", "%2B")
    yield query.replace("+", "%20")
    yield query.lower()
    # A parameter given twice: each of them alone.
    parts = [part for part in query.split("&") if part]
    names = [part.partition("=")[0] for part in parts]
    for name in {each for each in names if names.count(each) > 1}:
        for index in [i for i, each in enumerate(names) if each == name]:
            yield "&".join(
                part for i, part in enumerate(parts) if names[i] != name or i == index
            )


def _has_all(query: str) -> bool:
    names = [part.partition("=")[0] for part in query.split("&")]
    return all(names.count(name) == 1 for name in _NAMES)


def _values(query: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in query.split("&")]
    return {unquote(name): unquote(value) for name, _, value in pairs}
