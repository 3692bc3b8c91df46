"""In which encoding a file is: one for all of it, or none.

Every second text of bytes reads as GB18030, a damaged one in UTF-8 among them: then
names become others that look like names, and nobody notices.
"""

import codecs
import re
from enum import StrEnum

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UTF8 = "utf-8-sig"
_MARK = "\ufeff"
_LOST = "\ufffd"
# From here on UTF-8 takes three bytes, of a pattern that GB18030 seldom makes.
_FIRST_OF_THREE_BYTES = "\u0800"
# Of what is not UTF-8 in a file in GB18030, this much looks like it by chance.
_LIKENESS = 4
# Other letters than ASCII's with none of those beside them, as in "José".
_APART = re.compile(r"(?<![A-Za-z])(?<![^\0-\x7f])[^\0-\x7f]+(?![A-Za-z]|[^\0-\x7f])")


class FileEncoding(StrEnum):
    """What may be said of a file's encoding."""

    AUTO = "auto"
    UTF_8 = "utf-8"
    GB18030 = "gb18030"


class BadFile(Exception):
    """The file cannot be read as a list of accounts at all."""


def decode(content: bytes, encoding: FileEncoding) -> str:
    """The text of the file, without a byte order mark.

    Raises: BadFile, naming the first line that cannot be read.
    """
    if content.startswith(_UTF16) or b"\0" in content:
        raise BadFile("It is neither UTF-8 nor GB18030; save it as CSV UTF-8.")
    if encoding is not FileEncoding.AUTO:
        name = _UTF8 if encoding is FileEncoding.UTF_8 else encoding.value
        return _strictly(content, name)
    try:
        text = content.decode(_UTF8)
    except UnicodeDecodeError as error:
        _refuse_damaged(content, first_fault=error.start)
    else:
        _refuse_ambiguous(content, text)
        return text
    return _strictly(content, FileEncoding.GB18030.value)


def _strictly(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding).removeprefix(_MARK)
    except UnicodeDecodeError as error:
        shown = "GB18030" if encoding == FileEncoding.GB18030 else "UTF-8"
        raise BadFile(
            f"Line {_line(content, error.start)} is not {shown}; save the file as CSV "
            "UTF-8."
        ) from None


def _refuse_ambiguous(content: bytes, text: str) -> None:
    """Refuse signs that may be two of Greek or one of Chinese: 伟."""
    if (
        content.startswith(codecs.BOM_UTF8)
        or max(text, default="") >= _FIRST_OF_THREE_BYTES
    ):
        return
    found = _APART.search(text)
    if found is not None and _reads_as_gb18030(content):
        line = text[: found.start()].count("\n") + 1
        raise BadFile(
            f"Line {line} may be UTF-8 or GB18030: say --encoding utf-8 or --encoding "
            "gb18030, or save the file as CSV UTF-8."
        )


def _reads_as_gb18030(content: bytes) -> bool:
    try:
        content.decode(FileEncoding.GB18030.value)
    except UnicodeDecodeError:
        return False
    return True


def _refuse_damaged(content: bytes, *, first_fault: int) -> None:
    """Refuse what is UTF-8 in part, or no text that is written in GB18030."""
    if content.startswith(codecs.BOM_UTF8) or _is_partly_utf8(content):
        raise BadFile(
            f"Line {_line(content, first_fault)} is not UTF-8, but other parts of the "
            "file are. Save it anew as CSV UTF-8; if all of it is GB18030, say "
            "--encoding gb18030."
        )
    if not _is_likely_gb18030(content):
        raise BadFile(
            f"Line {_line(content, first_fault)} is not UTF-8, and does not look like "
            "GB18030. Save the file as CSV UTF-8, or say --encoding gb18030."
        )


def _is_partly_utf8(content: bytes) -> bool:
    lines = [each for each in content.splitlines() if not each.isascii()]
    if any(_is_utf8(each) for each in lines):
        return True
    text = content.decode(_UTF8, errors="replace")
    alike = sum(each >= _FIRST_OF_THREE_BYTES and each != _LOST for each in text)
    return alike * _LIKENESS > text.count(_LOST)


def _is_utf8(line: bytes) -> bool:
    try:
        return max(line.decode()) >= _FIRST_OF_THREE_BYTES
    except UnicodeDecodeError:
        return False


def _is_likely_gb18030(content: bytes) -> bool:
    """Most names are written in the signs of its oldest part."""
    try:
        text = content.decode(FileEncoding.GB18030.value)
    except UnicodeDecodeError:
        return True  # The line is named when it is read.
    wide = [each for each in text if not each.isascii()]
    usual = [each for each in wide if _is_usual(each)]
    return 2 * len(usual) >= len(wide)


def _is_usual(sign: str) -> bool:
    try:
        sign.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def _line(content: bytes, at: int) -> int:
    return content[:at].count(b"\n") + 1
