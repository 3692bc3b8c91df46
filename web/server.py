"""How gunicorn runs the web; unusable settings end it with their one message."""

from serving.listening import socket_address
from settings import load_or_exit

_settings = load_or_exit()

bind = socket_address(_settings.bind, _settings.web_port)
