"""The members' routes, whose forms carry a token against forged requests."""

from flask import Blueprint

from web.http.csrf import protect

account = protect(Blueprint("account", __name__))
