"""What the doctor says: a verdict, and what to change where, in both languages."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a probe ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    LATER = "later"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The same sentence in English and Chinese."""

    en: str
    zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """What one probe found; the advice names a setting or a screen."""

    probe: str
    verdict: Verdict
    said: Words
    advice: Words | None = None


def fine(probe: str, *, en: str, zh: str) -> ProbeResult:
    """All is as it should be."""
    return ProbeResult(probe=probe, verdict=Verdict.OK, said=Words(en=en, zh=zh))


def later(probe: str, *, en: str, zh: str) -> ProbeResult:
    """It cannot be examined yet."""
    return ProbeResult(probe=probe, verdict=Verdict.LATER, said=Words(en=en, zh=zh))


def warning(probe: str, said: Words, advice: Words) -> ProbeResult:
    """It works, but not as it should."""
    return ProbeResult(probe=probe, verdict=Verdict.WARNING, said=said, advice=advice)


def failed(probe: str, said: Words, advice: Words) -> ProbeResult:
    """It does not work until the advice is followed."""
    return ProbeResult(probe=probe, verdict=Verdict.FAILED, said=said, advice=advice)
