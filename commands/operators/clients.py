"""`create-client`, `list-clients`, `remove-client`: who may have users sign in here."""

import re
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

import click

from commands.session import Failed, opened_pool, read_settings
from commands.terminal import echo
from store.database import transaction
from store.oidc import clients, sealed_keys
from store.oidc.clients import Client
from store.oidc.secrets import new_secret
from store.sealing import Keyring

_LONGEST_NAME = 80
# A scheme of an app's own bears its maker's domain (RFC 8252, 7.1).
_OWN_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")
_NO_ADDRESS = re.compile(r"[^!-~]|[\"'<>\\^`{|};,*]")


def _named(context: click.Context, parameter: click.Parameter, value: str) -> str:
    name = value.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise click.BadParameter(f"use 1 to {_LONGEST_NAME} printable characters.")
    return name


@click.command("create-client")
@click.argument("name", callback=_named)
@click.option(
    "--redirect",
    "redirects",
    multiple=True,
    required=True,
    metavar="URI",
    help="Where its users may be sent back to; may be given again.",
)
@click.option("--public", is_flag=True, help="It can keep no secret: an app, a page.")
@click.option(
    "--post-logout",
    "post_logouts",
    multiple=True,
    metavar="URI",
    help="Where its users may be sent after they signed out; may be given again.",
)
@click.option("--back-channel", metavar="URI", help="Where it is told of logouts.")
def create_client(
    name: str,
    redirects: Sequence[str],
    public: bool,
    post_logouts: Sequence[str],
    back_channel: str | None,
) -> None:
    """Let NAME, a relying party, have its users sign in here by OpenID Connect.

    Prints client_id and, this once, client_secret.
    """
    for address in (*redirects, *post_logouts):
        _check(address, may_be_app=public)
    if back_channel is not None:
        _check(back_channel, may_be_app=False)
    settings, secret = read_settings(), None if public else new_secret()
    with opened_pool(settings) as pool, transaction(pool) as connection:
        client_id = clients.create(
            connection,
            name=name,
            secret=secret,
            redirect_uris=list(dict.fromkeys(redirects)),
            post_logout_uris=list(dict.fromkeys(post_logouts)),
            back_channel_uri=back_channel,
        )
        # Its first token shall not wait for a key.
        sealed_keys.obtain(connection, Keyring(settings.secret_keys))
    echo(f"client_id={client_id}")
    if secret is not None:
        echo(f"client_secret={secret}")
    echo(
        f"The issuer is {settings.public_url}."
        + (" The secret is shown this once." if secret else ""),
        err=True,
    )


@click.command("list-clients")
def list_clients() -> None:
    """Show who may have users sign in here; secrets are not known any more."""
    with opened_pool(read_settings()) as pool, transaction(pool) as connection:
        found = clients.list_all(connection)
    for each in found:
        for line in _lines(each):
            echo(line)
    if not found:
        echo("There is no client: create-client makes one.", err=True)


@click.command("remove-client")
@click.argument("client_id", metavar="ID")
def remove_client(client_id: str) -> None:
    """Forget the client ID; its tokens end at once."""
    with opened_pool(read_settings()) as pool, transaction(pool) as connection:
        removed = clients.remove(connection, client_id)
    if not removed:
        raise Failed(f"There is no client {client_id}: list-clients shows them.")
    echo(f"{client_id} is forgotten, with everything it was granted.")


def _check(address: str, *, may_be_app: bool) -> None:
    """Refuse what is no address to send a browser or a token to.

    Raises: click.BadParameter.
    """
    try:
        parts = urlsplit(address)
        fault = _fault(address, parts)
    except ValueError:
        raise click.BadParameter(f"{address!r} is no address.") from None
    if fault is None and parts.scheme not in {"http", "https"}:
        is_own = may_be_app and _OWN_SCHEME.fullmatch(parts.scheme) is not None
        fault = None if is_own else "must begin with https:// or http://"
    elif fault is None and not parts.hostname:
        fault = "names no host"
    if fault is not None:
        raise click.BadParameter(f"{address!r} {fault}.")


def _fault(address: str, parts: SplitResult) -> str | None:
    if _NO_ADDRESS.search(address):
        return "holds a character that stands in no address; patterns are not known"
    if "#" in address:
        return "must have no #fragment"
    if parts.username is not None or parts.password is not None:
        return "must hold no user name or password"
    return None if parts.scheme else "must be a full address"


def _lines(client: Client) -> list[str]:
    kind = "public" if client.is_public else "confidential"
    lines = [f"{client.client_id} {kind} {client.name}"]
    lines += [f"  redirect {each}" for each in client.redirect_uris]
    lines += [f"  post-logout {each}" for each in client.post_logout_uris]
    if client.back_channel_uri:
        lines.append(f"  back-channel {client.back_channel_uri}")
    return lines
