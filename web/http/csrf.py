"""Every form of ours carries a token, so that no other site can send it."""

from flask import Blueprint
from flask_wtf import CSRFProtect

csrf = CSRFProtect()


def protect(blueprint: Blueprint) -> Blueprint:
    """Have the forms of these pages checked; the API has a bearer instead."""
    blueprint.before_request(csrf.protect)
    return blueprint
