"""The operator's commands, as `manage.py` registers them."""
