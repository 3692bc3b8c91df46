"""The envelope vectors of vectors.txt as values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from wecom.crypto import AesKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    name: str
    token: str
    key: AesKey
    receiver: str
    timestamp: str
    nonce: str
    prefix: bytes | None
    cipher: str
    signature: str
    plain: bytes


def load_vectors() -> list[Vector]:
    """Every vector of the file, each with the token and key that stand above it."""
    text = Path(__file__).with_name("vectors.txt").read_text(encoding="utf-8")
    vectors: list[Vector] = []
    settings: dict[str, str] = {}
    for block in text.split("\n\n"):
        fields = _fields(block)
        if "id" in fields:
            vectors.append(_vector(settings | fields))
        else:
            settings |= fields
    return vectors


def _fields(block: str) -> dict[str, str]:
    lines = [line for line in block.splitlines() if line and not line.startswith("#")]
    pairs = (line.split(":", 1) for line in lines)
    return {name: value.strip() for name, value in pairs}


def _vector(fields: dict[str, str]) -> Vector:
    prefix = fields.get("random16")
    return Vector(
        name=fields["id"],
        token=fields["token"],
        key=AesKey.parse(fields["encoding_aes_key"]),
        receiver=fields["receiveid"],
        timestamp=fields["timestamp"],
        nonce=fields["nonce"],
        prefix=prefix.encode() if prefix else None,
        cipher=fields["cipher"],
        signature=fields["signature"],
        plain=fields["plain"].encode(),
    )
