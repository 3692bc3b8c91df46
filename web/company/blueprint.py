"""The company's routes, whose forms carry a token against forged requests."""

from flask import Blueprint

from web.http.csrf import protect

company = protect(Blueprint("company", __name__, url_prefix="/company"))
