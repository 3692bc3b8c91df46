"""Somebody else's text made safe to show: no markup, no marks that turn it around."""

import re
import unicodedata
from html.parser import HTMLParser

_BLOCKS = frozenset(
    {"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "table"}
)
_UNSEEN = frozenset({"script", "style", "head", "title", "template", "noscript"})
_JOINER, _EMOJI_STYLE, _KEYCAP = "\u200d", "\ufe0f", "\u20e3"
_MARKUP = re.compile(r"<[a-zA-Z/!?]|&[#a-zA-Z][a-zA-Z0-9]*;")
# Controls, marks that are not seen, halves of characters, separators, private signs.
_UNSEEABLE = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
_FROM_THE_RIGHT = frozenset({"R", "AL", "AN"})
_ISOLATE, _ISOLATE_ENDS = "\u2068", "\u2069"
# No sign that is read as one is made of more.
_MOST_MARKS = 16
# Of more no card has use, and a parser would be kept busy by it.
_MOST_CHARS = 20_000


class _Text(HTMLParser):
    """Collects the words of a document."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in _UNSEEN
        if tag in _BLOCKS:
            self.parts.append(" ")
        if tag == "img":
            self.parts.append("🖼")

    def handle_endtag(self, tag: str) -> None:
        self._unseen = max(0, self._unseen - (tag in _UNSEEN))
        if tag in _BLOCKS:
            self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.parts.append(data)


def text_of_html(html: str) -> str:
    """The words of an HTML description on one line; text without markup stays."""
    html = html[:_MOST_CHARS]
    if not _MARKUP.search(html):
        return one_line(html)
    parser = _Text()
    parser.feed(html)
    parser.close()
    return one_line("".join(parser.parts))


def one_line(text: str) -> str:
    """The text without control and direction marks, blanks run together."""
    return " ".join("".join(map(_visible, text)).split())


def as_seen(text: str, *, keep: str = "") -> str:
    """The text with what would not be seen written as Python writes it.

    Nothing is left out: two names that differ look different. `keep` stays.
    """
    if text.isprintable():
        return text
    return "".join(each if each in keep else _written(each) for each in text)


def isolated(text: str, *, keep: str = "") -> str:
    """The text as seen, set apart where it runs from right to left.

    Shape: within a sentence such a name would take numbers and stops that stand beside
        it to its other side. What runs from left to right stays as it is.
    """
    seen = as_seen(text, keep=keep)
    turns = any(unicodedata.bidirectional(each) in _FROM_THE_RIGHT for each in seen)
    return f"{_ISOLATE}{seen}{_ISOLATE_ENDS}" if turns else seen


def shown_length(text: str) -> int:
    """How long a text is to whoever counts most: an emoji may count as two."""
    return len(text) + sum(each > "\uffff" for each in text)


def shorten(text: str, chars: int) -> str:
    """The text, or its beginning and an ellipsis, within so many characters.

    Shape: nothing that is one sign to a reader is cut in two.
    """
    if shown_length(text) <= chars:
        return text
    kept, length = [], 0
    for sign in signs(text[: _MOST_MARKS * chars]):
        length += shown_length(sign)
        if length > chars - 1:
            break
        kept.append(sign)
    return "".join(kept).rstrip() + "…"


def signs(text: str) -> list[str]:
    """The text in what a reader takes for single signs: letters with their marks,
    emoji joined into one, flags.
    """
    found: list[str] = []
    for each in text:
        if found and _belongs(found[-1], each):
            found[-1] += each
        else:
            found.append(each)
    return found


def _belongs(sign: str, each: str) -> bool:
    if each in {_JOINER, _EMOJI_STYLE, _KEYCAP} or sign.endswith(_JOINER):
        return True
    if unicodedata.combining(each) or "\U0001f3fb" <= each <= "\U0001f3ff":
        return True
    return _is_flag(each) and len(sign) == 1 and _is_flag(sign)


def _is_flag(each: str) -> bool:
    return "\U0001f1e6" <= each <= "\U0001f1ff"


def _written(each: str) -> str:
    # A joiner makes one emoji of several, and moves nothing.
    if each == _JOINER or unicodedata.category(each) not in _UNSEEABLE:
        return each
    return each.encode("unicode_escape").decode("ascii")


def _visible(each: str) -> str:
    if each == _JOINER:
        return each
    category = unicodedata.category(each)
    if category in {"Cc", "Zl", "Zp", "Zs"}:
        return " "
    # Format marks turn text around or hide it; lone surrogates cannot be written.
    return "" if category in {"Cf", "Cs"} else each
