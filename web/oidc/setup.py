"""Adds the OpenID Connect provider to the web."""

from flask import Flask

from web.oidc import (  # noqa: F401 - adds their routes
    authorize_pages,
    call_routes,
    logout_pages,
)
from web.oidc.blueprint import oidc_calls, oidc_pages
from web.oidc.protocol.provider import install


def register(app: Flask) -> None:
    """Add the provider's routes and the provider itself."""
    install(app)
    app.register_blueprint(oidc_pages)
    app.register_blueprint(oidc_calls)
