"""The install's routes, whose forms carry a token against forged requests."""

from flask import Blueprint

from web.http.csrf import protect

install = protect(Blueprint("install", __name__))
