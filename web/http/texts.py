"""The words of pages, in the language of the request."""

from flask import g, has_request_context, request
from markupsafe import Markup

from domain.plain_text import isolated
from texts.catalogue import DEFAULT, LANGUAGES, catalogue, say
from web.http import cookies
from web.http.cookies import Cookie
from web.http.names import KEPT


def language() -> str:
    """The language of this request: the one chosen here, else what is preferred.

    Shape: an application that has its user sign in here may say what they prefer
        (`ui_locales` of OpenID Connect); else their browser does.
    """
    if not has_request_context():
        return DEFAULT
    # A page asks for some hundred sentences.
    if "language" not in g:
        g.language = _find()
    found: str = g.language
    return found


def _find() -> str:
    chosen = cookies.read(Cookie.LANGUAGE)
    if chosen in LANGUAGES:
        return chosen
    for locale in request.args.get("ui_locales", "").split():
        if known := _known(locale):
            return known
    # A browser that says `zh` or `zh-TW` is served Chinese, not English.
    wanted = request.accept_languages.best_match(
        ["zh-CN", "zh", "zh-TW", "zh-HK", "en"]
    )
    return "en" if wanted == "en" else DEFAULT


def _known(locale: str) -> str | None:
    """Our language for somebody's tag; None for a language that we do not speak."""
    spoken = locale.lower().replace("_", "-").partition("-")[0]
    return {"zh": DEFAULT, "en": "en"}.get(spoken)


class Told(str):
    """A sentence of ours, whose values cannot turn it around any more."""

    __slots__ = ()


def translate(key: str, **values: object) -> Told:
    """The text of a key in the language of this request.

    Names stand in it by themselves, in titles and attributes too, where no `<bdi>` can.
    """
    shown = {name: set_apart(value) for name, value in values.items()}
    return Told(say(language(), key, **shown))


def set_apart(value: object) -> object:
    """A value as it may stand in a sentence: a text from outside moves nothing.

    Shape: what is a sentence of ours, or markup, is sound already.
    """
    if isinstance(value, Told | Markup) or not isinstance(value, str):
        return value
    return Told(isolated(value, keep=KEPT))


def words() -> dict[str, str]:
    """All texts in the language of this request, to see whether one is there."""
    return catalogue(language())


def count(key: str, number: int, **values: object) -> Told:
    """A text about a number of things; English has a form of its own for one."""
    form = "one" if number == 1 else "other"
    return translate(f"{key}.{form}", n=f"{number:,}", **values)
