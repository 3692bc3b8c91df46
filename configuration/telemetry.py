"""Settings of OpenTelemetry: its own names, of which we read what decides whether.

Raises: each parser ValueError, with what the text must be and without the text.
"""

from collections.abc import Mapping

PREFIX = "OTEL_"


def protocol(text: str) -> str:
    """How traces travel: the one way that is installed with us."""
    if text != "http/protobuf":
        raise ValueError("must be http/protobuf, the one protocol that is spoken here")
    return text


def traces_exporter(text: str) -> str:
    """Who exports traces."""
    if text not in {"otlp", "none"}:
        raise ValueError("must be otlp or none")
    return text


def disabled(text: str) -> bool:
    """Whether all of it is switched off."""
    if text.lower() not in {"true", "false"}:
        raise ValueError("must be true or false")
    return text.lower() == "true"


def otel_settings(environment: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """All that is OpenTelemetry's own; the library reads it by itself."""
    named = (each for each in environment.items() if each[0].startswith(PREFIX))
    return tuple(sorted(named))
