"""Reads `.env` as its writer sees it, or says in which line it cannot be read."""

import codecs
import io
import re
from dataclasses import dataclass, field
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import Binding, parse_stream

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SAVE = "save the file as UTF-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvFile:
    """What a file says, and what is wrong with it; a fault shows no value."""

    values: dict[str, str] = field(default_factory=dict, repr=False)
    faults: tuple[str, ...] = ()


def read_env_file(path: Path) -> EnvFile:
    """The names and values of the file; nothing where there is none."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return EnvFile()
    except IsADirectoryError:
        return EnvFile(faults=(f"{path.name} is a folder; it must be a file.",))
    except OSError:
        fault = f"{path.name} cannot be read; let this user read it (chmod)."
        return EnvFile(faults=(fault,))
    try:
        text = _decoded(content)
    except ValueError as error:
        return EnvFile(faults=(f"{path.name} {error}.",))
    faults = _faults_of(text, path.name)
    if faults:
        return EnvFile(faults=tuple(faults))
    said = dotenv_values(stream=io.StringIO(text))
    return EnvFile(values={name: value or "" for name, value in said.items()})


def _decoded(content: bytes) -> str:
    if content.startswith(_UTF16) or b"\0" in content:
        raise ValueError(f"is UTF-16 or holds zero bytes; {_SAVE}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(
            f"is not UTF-8 from line {line} on (GB18030, as Chinese Windows saves it?);"
            f" {_SAVE}"
        ) from None


def _faults_of(text: str, name: str) -> list[str]:
    faults: list[str] = []
    first: dict[str, Binding] = {}
    for binding in parse_stream(io.StringIO(text)):
        line = _line_of(binding)
        key = binding.key
        if binding.error or (key is not None and not _NAME.fullmatch(key)):
            faults.append(
                f"{name}, line {line}, is not NAME=value (a blank before the name's"
                " end, a quotation mark without its partner, or a wide “＝”?)."
            )
        elif key is not None and binding.value is None:
            faults.append(f"{name}, line {line}: {key} has no `=` behind it.")
        elif key is not None and first.setdefault(key, binding).value != binding.value:
            faults.append(
                f"{name} sets {key} twice and differently, in lines"
                f" {_line_of(first[key])} and {line}; leave one."
            )
    return faults


def _line_of(binding: Binding) -> int:
    """The line of its name: blank lines and comments before belong to the binding."""
    text = binding.original.string
    return binding.original.line + len(text) - len(text.lstrip("\r\n"))
