"""Adds the members' pages to the web, and the page for those who are not let in."""

from flask import Flask, render_template, request, url_for
from flask.typing import ResponseReturnValue

from web.account import (  # noqa: F401 - adds their routes
    app_pages,
    me_pages,
    notice_pages,
    sign_in_pages,
    tapd_pages,
)
from web.account.blueprint import account
from web.account.items import (  # noqa: F401 - adds their routes
    item_pages,
    workbench_pages,
)
from web.account.masking import mask_id
from web.account.words import because
from web.sessions.standing import Refused


def register(app: Flask) -> None:
    """Add the members' pages."""
    app.register_blueprint(account)
    app.register_error_handler(Refused, _on_refused)
    app.jinja_env.globals.update(because=because, mask_id=mask_id)


def _on_refused(error: Refused) -> ResponseReturnValue:
    done = request.endpoint == "account.login_done"
    return render_template(
        "refused.html",
        refusal=error.refusal,
        # A code is good once: the page in another language begins before it.
        language_next=url_for("account.show_me") if done else None,
    ), 403
