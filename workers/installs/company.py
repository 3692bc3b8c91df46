"""Which company an install links its corp to: one that exists, or one to be made."""

from dataclasses import dataclass

from domain.ids import CompanyId, Userid
from domain.states import CorpState
from store.database import Connection, transaction
from store.installs import installs, intents
from store.installs.installs import Install
from store.installs.intents import Intent
from store.org import companies, corps
from store.org.corps import Corp
from store.retention import purge
from store.sealing import pseudonym
from wecom.corp import CorpClient as CorpApi
from wecom.wire import AuthInfo
from workers.installs.installers import is_usable
from workers.installs.withdrawal import revoke_if_dead
from workers.runtime import Runtime

CORP_LINKED = "corp_linked"
COMPANY_LINKED = "company_linked"
INSTALLER_OUTSIDE = "installer_outside"
INSTALLER_UNPROVEN = "installer_unproven"
INSTALLER_AWAITED = "installer_awaited"

# So long an install of way 1 waits for the installer to sign in.
AWAITED_SECONDS = 20 * 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """Nothing speaks against the link; no company means that one is to be found."""

    company_id: CompanyId | None = None
    edition: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallRefused:
    """The link must not be made; `reason` chooses what the page says."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallAwaits:
    """Somebody has to do something first."""

    reason: str


Verdict = Agreed | InstallRefused | InstallAwaits


def weigh(
    runtime: Runtime, install: Install, corp: Corp, *, api: CorpApi, info: AuthInfo
) -> Verdict:
    """What becomes of an install whose corp is known; asks WeCom, writes no org.

    A corp that has withdrawn from the wanted company is purged on the way.

    Raises: WeComError when WeCom does not answer.
    """
    with transaction(runtime.pool) as connection:
        intent = intents.find_by_code(connection, install.code_hash)
    if intent is None:
        return Agreed(company_id=corp.company_id)
    if corp.state is not CorpState.AUTHORISED:
        same = intent.company_id is not None and corp.company_id == intent.company_id
        return (
            Agreed(company_id=corp.company_id)
            if same
            else InstallRefused(reason=CORP_LINKED)
        )
    if intent.company_id is None:
        return Agreed(edition=intent.edition)
    return _weigh_existing(
        runtime,
        CompanyId(intent.company_id),
        _installer(install, corp, intent),
        api=api,
        info=info,
    ) or _too_late_or_awaited(runtime, install)


def settle_company(
    connection: Connection, runtime: Runtime, corp: Corp, agreed: Agreed, info: AuthInfo
) -> CompanyId | None:
    """The company to link to, locked or just made; None when another corp has it now.

    A corp that comes back under its old corpid goes on with its former company, unless
    it wants a new one and that one is TAPD's own.
    """
    company_id = agreed.company_id or _former_company(connection, runtime, corp, agreed)
    if company_id is None:
        name = info.corp.name or corp.name
        return companies.make_company(connection, name=name, edition=agreed.edition)
    if installs.is_taken(connection, company_id, by=corp.corp_pk):
        return None
    if agreed.edition is not None:
        companies.change_company(
            connection,
            company_id,
            given={"edition": agreed.edition},
            keyring=runtime.keyring,
        )
    return company_id


def _weigh_existing(
    runtime: Runtime,
    company_id: CompanyId,
    installer: Userid | None,
    *,
    api: CorpApi,
    info: AuthInfo,
) -> Verdict | None:
    """The verdict of way 1; None while nobody knows who installed."""
    with transaction(runtime.pool) as connection:
        other = corps.find_of_company(connection, company_id)
    if other is not None and not revoke_if_dead(runtime, other):
        return InstallRefused(reason=COMPANY_LINKED)
    if installer is None:
        return None
    if not is_usable(api, info, installer):
        return InstallRefused(reason=INSTALLER_OUTSIDE)
    return Agreed(company_id=company_id)


def _installer(install: Install, corp: Corp, intent: Intent) -> Userid | None:
    """Who installed: as WeCom said with the code, or who signed in afterwards."""
    if install.installer_userid:
        return Userid(install.installer_userid)
    if intent.installer_userid and intent.installer_corp_id == corp.corp_id:
        return Userid(intent.installer_userid)
    return None


def _too_late_or_awaited(runtime: Runtime, install: Install) -> Verdict:
    with transaction(runtime.pool) as connection:
        waited = installs.seconds_since_exchange(connection, install.code_hash)
    if waited > AWAITED_SECONDS:
        return InstallRefused(reason=INSTALLER_UNPROVEN)
    return InstallAwaits(reason=INSTALLER_AWAITED)


def _former_company(
    connection: Connection, runtime: Runtime, corp: Corp, agreed: Agreed
) -> CompanyId | None:
    key = purge.obtain_pseudonym_key(connection, runtime.keyring)
    purged_id = pseudonym(key, corp_id=corp.corp_id, name=corp.corp_id)
    # Who chooses an edition wants a company from WeCom, as it was once made for them.
    origins = ("tapd", "wecom") if agreed.edition is None else ("wecom",)
    return installs.find_former_company(connection, purged_id, origins=origins)
