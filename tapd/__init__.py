"""TAPD's own wire: item webhooks, sign-in, the calls that its API documents."""
