"""Adds a company's pages to the web, and the page for those who are not let in."""

from flask import Flask, render_template, url_for
from flask.typing import ResponseReturnValue

from web.company import (  # noqa: F401 - adds their routes
    actions,
    desk_pages,
    invite_pages,
    item_pages,
    list_pages,
    person_pages,
    words,
)
from web.company.authorize import Closed, NotLetIn
from web.company.blueprint import company


def register(app: Flask) -> None:
    """Add the pages of company admins under /company/."""
    app.register_blueprint(company)
    app.register_error_handler(NotLetIn, _on_not_let_in)
    app.jinja_env.globals["about"] = words


def _on_not_let_in(error: NotLetIn) -> ResponseReturnValue:
    status = 503 if error.why is Closed.AWAY else 403
    page = render_template(
        "company_closed.html", why=error.why, own=url_for("company.show_own")
    )
    return page, status
