"""WeCom's own page on which an admin installs the suite in their corp."""

from urllib.parse import urlencode


def install_address(
    open_url: str, *, suite_id: str, pre_auth_code: str, redirect_uri: str, state: str
) -> str:
    """Where the browser goes; it comes back to `redirect_uri` with an auth code.

    Source: WeCom 90597.
    """
    query = urlencode(
        {
            "suite_id": suite_id,
            "pre_auth_code": pre_auth_code,
            "redirect_uri": redirect_uri,
            "state": state,
        }
    )
    return f"{open_url}/3rdapp/install?{query}"
