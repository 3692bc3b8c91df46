"""Install intents: TAPD's side asks for the page on which a company is linked."""

from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from store.database import transaction
from store.installs import intents
from store.links import account_reads
from store.org.companies import find_company
from store.summaries.installs import has_left
from web.access import Audience, seen_by
from web.api.auditing import note
from web.api.blueprint import Id, answer, blueprint, not_found, problems
from web.http.problems import Problem
from web.install.tickets import address_of
from web.services import services

api = blueprint("api-installs")


class InstallIntentBody(BaseModel):
    """Which company is to be linked, and who asks for it in TAPD."""

    model_config = ConfigDict(extra="forbid")

    company_id: Id
    admin_account_id: Id


class InstallIntent(BaseModel):
    """Where the company's admin goes on, with the browser they use now."""

    url: str = Field(
        description="Good for 20 minutes, for one install, in the first browser"
        " that opens it."
    )


@api.post("/install-intents", responses={201: InstallIntent, **problems(404, 409, 422)})
@seen_by(Audience.BEARER)
def create_install_intent(body: InstallIntentBody) -> Response:
    """Begin to link an existing company to the WeCom corp that its admin will choose.

    Whether the company is linked already is asked of WeCom when the corp is known.
    """
    with transaction(services().pool) as connection:
        company = find_company(connection, body.company_id)
        if company is None:
            not_found(f"company {body.company_id}")
        # TAPD knows its admins; the list that it gave us may be older or partial.
        if has_left(connection, body.company_id, body.admin_account_id):
            detail = f"account {body.admin_account_id}: has left this company."
            raise Problem(409, detail)
        intent_id = intents.make_for_company(
            connection,
            company_id=body.company_id,
            admin_account_id=body.admin_account_id,
        )
        note(
            connection,
            "begin_install",
            target=f"company:{body.company_id}",
            after={"admin_account_id": body.admin_account_id},
        )
        account_reads.want(connection, body.company_id)
    # While the admin is at WeCom, TAPD is asked for the people of the first sync.
    services().ring_accounts(body.company_id)
    return answer(InstallIntent(url=address_of(intent_id)), status=201)
