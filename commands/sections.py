"""The help of `manage.py`: its commands by what an operator is about to do."""

import click

# Every command in one of them, in the order in which a bad night asks for them.
SECTIONS = {
    "See what is wrong": ("doctor", "refused", "list-workers", "doubtful-links"),
    "Bring a corp in step": (
        "plan",
        "preview-member",
        "resync",
        "resync-member",
        "pause",
        "resume",
    ),
    "Decide held removals": ("approve", "reject"),
    "Try again": (
        "retry",
        "discard",
        "retry-matching",
        "start-retries",
        "stop-retries",
        "rebuild-bell",
        "drain-worker",
        "resume-worker",
    ),
    "Look into the past": ("diff", "replay", "verify-audit"),
    "Accounts and people": ("import-accounts", "reveal", "export"),
    "Who may sign in": (
        "create-operator",
        "list-operators",
        "set-role",
        "end-sessions",
        "remove-operator",
        "create-client",
        "list-clients",
        "remove-client",
    ),
    "Installation": ("migrate", "rotate-keys", "alert-kinds", "test-alerts"),
}

# Signs: longer than any first sentence, so that none is cut off in its middle.
_WHOLE = 400


class SectionedGroup(click.Group):
    """A group whose help lists its commands in sections, each told in one line."""

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        for title, names in SECTIONS.items():
            with formatter.section(title):
                rows = [(n, self.commands[n].get_short_help_str(_WHOLE)) for n in names]
                formatter.write_dl(rows)
