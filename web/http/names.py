"""Names from outside on our pages: shown as they are, with no hold on the rest."""

from flask import Flask

from domain.plain_text import as_seen

# Lines and columns of what is shown verbatim.
KEPT = "\n\r\t"


def add_to(app: Flask) -> None:
    """Have every value of every template shown so; before the first is rendered."""
    app.jinja_options = {**app.jinja_options, "finalize": finalize}


def finalize(value: object) -> object:
    """What a template prints for a value.

    Marks that turn the direction of what follows, and controls, are written out; our
    own markup, and what is no text, pass. `<bdi>` keeps a name written from right to
    left from moving its neighbours.
    """
    return as_seen(value, keep=KEPT) if type(value) is str else value
