"""Adds the console to the web: its sessions, its forms' protection, its words."""

from flask import Flask

from settings import Settings
from texts.catalogue import LANGUAGES
from web.console import (  # noqa: F401 - adds its routes
    search_pages,
    session_pages,
    theme_pages,
)
from web.console.admin import (  # noqa: F401 - adds its routes
    alert_pages,
    audit_pages,
    export_pages,
    operator_pages,
)
from web.console.blueprint import console
from web.console.events import (  # noqa: F401 - adds its routes
    batch_pages,
    event_pages,
)
from web.console.health import (  # noqa: F401 - adds its routes
    history,
    overview_pages,
    queue_pages,
    refused_pages,
)
from web.console.health.errcode_help import helps
from web.console.moments import clock, full, lasting, since, stamp, told
from web.console.org import (  # noqa: F401 - adds its routes
    contacts,
    corp_list,
    corp_pages,
    notice_pages,
    person_pages,
    preview_pages,
)
from web.console.org.tree import address_unfolded
from web.console.runs import (  # noqa: F401 - adds its routes
    plan_pages,
    run_pages,
)
from web.console.words import corp_title, local_time, waiting_words
from web.http import texts
from web.http.csrf import csrf
from web.http.cursors import derive
from web.sessions import house_sign_in
from web.sessions.operators import (
    is_operator_known,
    may_act,
    may_act_for,
    may_administrate,
)


def register(app: Flask, settings: Settings) -> None:
    """Add the operators' pages under /console/."""
    key, *older = derive(settings.secret_keys, b"sessions")
    app.config.update(
        SECRET_KEY=key,
        SECRET_KEY_FALLBACKS=older,
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
    )
    csrf.init_app(app)
    house_sign_in.register(app, settings.house)
    app.register_blueprint(console)
    app.add_url_rule("/", view_func=corp_pages.front)
    app.jinja_env.globals.update(
        t=texts.translate,
        n=texts.count,
        language=texts.language,
        languages=LANGUAGES,
        local_time=local_time,
        clock=clock,
        stamp=stamp,
        told=told,
        full=full,
        lasting=lasting,
        since=since,
        words=texts.words,
        unfolded=address_unfolded,
        corp_title=corp_title,
        helps=helps,
        waiting_words=waiting_words,
        is_operator_known=is_operator_known,
        may_act=may_act,
        may_act_for=may_act_for,
        may_administrate=may_administrate,
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
