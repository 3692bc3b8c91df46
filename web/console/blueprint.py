"""The console's routes, whose forms carry a token against forged requests."""

from flask import Blueprint

from web.http.csrf import protect

console = protect(Blueprint("console", __name__, url_prefix="/console"))
