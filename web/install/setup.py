"""Adds the install's pages to the web."""

from flask import Flask

from web.company.words import reason
from web.install import done_pages, intent_pages  # noqa: F401 - adds their routes
from web.install.blueprint import install
from web.install.stops import Stopped, on_stopped


def register(app: Flask) -> None:
    """Add the pages under /install and /register."""
    app.register_blueprint(install)
    app.register_error_handler(Stopped, on_stopped)
    app.jinja_env.globals.update(link_reason=reason)
