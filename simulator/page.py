"""A page on which a person acts as the WeCom admin and reads members' phones."""

from flask import Blueprint

from simulator.world import World


def blueprint(world: World) -> Blueprint:
    """The pages."""
    return Blueprint("page", __name__)
