"""What helps with an errcode that an error names, in the words of `wecom.advice`."""

from store.health.corps import errcode_in
from web.http.texts import language
from wecom.advice import ADVICE

_ENGLISH = "en"


def helps(error: str | None) -> str | None:
    """What to do about an error, in the language of this request, if that is known."""
    return helps_in(language(), error)


def helps_in(tag: str, error: str | None) -> str | None:
    """What to do about an error in a language; the errcode alone is enough."""
    text = error or ""
    code = text if text.isdigit() else errcode_in(text)
    advice = ADVICE.get(int(code)) if code.isdigit() else None
    if advice is None:
        return None
    return advice.en if tag == _ENGLISH else advice.zh
