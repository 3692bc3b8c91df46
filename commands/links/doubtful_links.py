"""`doubtful-links`: links to strangers' accounts that only an admin vouched for."""

import click

from commands.session import Failed, opened_pool, read_settings
from commands.terminal import echo, echo_row
from store.database import transaction
from store.org.corps import find_live
from store.summaries.links.doubtful import list_doubtful


@click.command("doubtful-links")
@click.argument("corp", required=False)
def doubtful_links(corp: str | None) -> None:
    """List links that an admin alone made to an account of another company.

    Of CORP, or of every corp. Each is undone, or left, on the person's page.
    """
    with opened_pool(read_settings()) as pool, transaction(pool) as connection:
        corp_pk = None
        if corp is not None:
            found = find_live(connection, corp)
            if found is None:
                raise Failed(f"{corp} is not known here.")
            corp_pk = found.corp_pk
        links = list_doubtful(connection, corp_pk)
    for link in links:
        echo_row(
            link.corp_id,
            link.userid,
            link.account_id,
            link.reason,
            f"{link.linked_at:%Y-%m-%dT%H:%M:%SZ}",
        )
    echo(
        f"{len(links)} doubtful. Undo what is not known to be right on the person's"
        " page, and invite them: whoever signs in to the account in TAPD has it."
        if links
        else "No doubtful links."
    )
