"""The provider's routes: pages for people, with marked forms, and calls of clients."""

from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as Redirect

from web.csrf import protect

# People answer these forms in a browser.
oidc_pages = protect(Blueprint("oidc", __name__))
# Clients call these with secrets and tokens of their own, or anybody; no cookie counts.
oidc_calls = Blueprint("oidc_calls", __name__)


@oidc_calls.after_request
def _let_browsers_read(answer: Response) -> Response:
    # A client that runs in a browser asks from its own site.
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
    return answer


def by_query(endpoint: str) -> Redirect:
    """The request of a form once more, by its query.

    Another site's form brings no cookie of ours; an address that it leads to does.
    """
    query = urlencode(list(request.form.items(multi=True)))
    return redirect(f"{url_for(endpoint)}?{query}", 303)
