"""What `dramatiq workers.actors` runs: the broker and every actor, one line each.

Arguments are ids. An actor catches nothing here and repeats nothing: the functions it
calls keep outcome and due time in Postgres.
"""

from functools import cache

import dramatiq

import logs
import settings
from domain.ids import CompanyId, CorpPk, RunId
from store.database import Plans
from tracing.start import start
from workers.alerts import tell
from workers.alerts.stand_in import ClockWatch
from workers.inbox import drain as mailbox
from workers.inbox import preview as previews
from workers.links import account_reads
from workers.notices import deliver as notices
from workers.oidc import logouts
from workers.queue.broker import EVENTS, NOTICES, RESYNC, make_broker, milliseconds
from workers.queue.garbage import collect_rarely
from workers.runs import run
from workers.runtime import Runtime, build

logs.write_json()
_SETTINGS = settings.load_or_exit()
BROKER = make_broker(_SETTINGS.redis_url, receiver=False)
dramatiq.set_broker(BROKER)


@cache
def _runtime() -> Runtime:
    # Built in the worker process, after the fork. What a full read asks Postgres is
    # planned for the size of its corp; what a drain asks is small and always the same.
    start(_SETTINGS, "worker")
    plans = Plans.AS_POSTGRES_CHOOSES if RESYNC in BROKER.served_queues else Plans.ONCE
    return build(_SETTINGS, broker=BROKER, plans=plans)


BROKER.add_middleware(ClockWatch(_runtime))


@dramatiq.actor(queue_name=EVENTS, max_retries=0, time_limit=milliseconds(120))
def drain(mailbox_name: str) -> None:
    """Work through the pending mail of one mailbox."""
    mailbox.drain(_runtime(), mailbox_name)


@dramatiq.actor(queue_name=EVENTS, max_retries=0, time_limit=milliseconds(120))
def preview(reference: str) -> None:
    """Say what a sync of one person would do."""
    previews.preview(_runtime(), reference)


@dramatiq.actor(queue_name=NOTICES, max_retries=0, time_limit=milliseconds(120))
def deliver(corp_pk: int) -> None:
    """Send what is queued for the members of one corp."""
    notices.deliver(_runtime(), CorpPk(corp_pk))


@dramatiq.actor(queue_name=NOTICES, max_retries=0, time_limit=milliseconds(60))
def tell_alert(delivery_id: int) -> None:
    """Tell one alert by one channel."""
    tell.tell(_runtime(), delivery_id)


@dramatiq.actor(queue_name=NOTICES, max_retries=0, time_limit=milliseconds(120))
def tell_logouts(client_id: str) -> None:
    """Tell one relying party which sessions ended."""
    logouts.tell(_runtime(), client_id)


@dramatiq.actor(queue_name=RESYNC, max_retries=0, time_limit=milliseconds(3600))
def resync(run_id: str) -> None:
    """Take a turn at one run."""
    run.work_on(_runtime(), RunId(run_id))


@dramatiq.actor(queue_name=RESYNC, max_retries=0, time_limit=milliseconds(600))
def read_accounts(company_id: str) -> None:
    """Read the people of one company from TAPD."""
    account_reads.read_accounts(_runtime(), CompanyId(company_id))


collect_rarely()
