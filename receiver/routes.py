"""What the front and the door behind it both know of a callback.

gunicorn's master reads this before it sets the environment of its workers: nothing that
looks at the environment when it is imported, as prometheus_client does, may come along.
"""

PATHS = frozenset({"/wecom/command", "/wecom/data"})
# Set where no thread had time for the request: it is believed or not, and not kept.
UNDERSTUDY = "sync.understudy"
