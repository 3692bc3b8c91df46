"""How gunicorn runs the web; unusable settings end it with their one message."""

from importlib import import_module

from serving.listening import socket_address
from settings import load_or_exit

_settings = load_or_exit()

bind = socket_address(_settings.bind, _settings.web_port)

# Loaded here, workers are forked with it: each would take most of a second for it, and
# memory of its own. What opens connections or threads is made by each, in create_app.
import_module("web.app")
