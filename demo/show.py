"""The demo itself: everything up, a company installed and in step."""

import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace

from demo.company import Addresses, Company, await_in_step, found_company
from demo.existing import (
    Existing,
    await_settled,
    count_links,
    found_existing,
    link_with_wecom,
)
from demo.items import Items, seed_items
from demo.machine.ports import LOOPBACK
from demo.processes import (
    answers,
    process_environment,
    release,
    service,
    start_processes,
)
from demo.servers import start_empty_servers
from demo.session import Session
from demo.sign_in import offer_sign_in
from demo.synthetic import choose_ports, load_secrets, synthetic_settings

# How people ended, in the order in which it is told.
_WORDS = {
    "linked": "linked",
    "created": "created and linked",
    "pending": "asked",
    "conflict": "in conflict",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What there is to look at."""

    addresses: Addresses
    company: Company
    existing: Existing
    links: Mapping[str, int]
    items: Items
    receiver: str


def bring_up(session: Session) -> Shown:
    """Servers, simulator, processes, company: in this order, each awaited.

    Raises: whatever keeps one of them from coming up, named in a sentence.
    """
    servers = start_empty_servers(session, named=os.environ)
    ports = choose_ports(os.environ)
    settings = synthetic_settings(
        servers=servers, ports=ports, secrets=load_secrets(session.state.folder)
    )
    addresses = Addresses(
        simulator=f"http://{LOOPBACK}:{ports.simulator}",
        api=f"http://{LOOPBACK}:{ports.web}",
        api_token=settings["API_TOKEN"],
    )
    receiver = f"http://{LOOPBACK}:{ports.receiver}"
    _start_simulator(
        session, settings=settings, receiver=receiver, port=ports.simulator
    )
    release(session, settings=settings)
    start_processes(session, settings=settings)
    offer_sign_in(session, addresses, settings=settings)
    company = found_company(addresses)
    existing = found_existing(addresses, company)
    session.progress.say(
        f"{company.name}: {company.departments} departments, {company.members} people; "
        "TAPD has the company already, and its admin links it with WeCom ..."
    )
    # The first ticket was pushed before there was a receiver to take it.
    addresses.tell("ticket", {})
    link_with_wecom(addresses, company, existing)
    await_in_step(session, addresses, company)
    await_settled(session, addresses, company, existing)
    items = seed_items(session, addresses, company, existing)
    return Shown(
        addresses=addresses,
        company=company,
        existing=existing,
        links=count_links(addresses, company),
        items=items,
        receiver=receiver,
    )


def count_people(shown: Shown) -> str:
    """How the company's people ended, in one line."""
    counts = [f"{shown.links.get(name, 0)} {word}" for name, word in _WORDS.items()]
    return f"In TAPD: {', '.join(counts)}."


def describe(shown: Shown) -> list[str]:
    """The addresses to open, and how to stop."""
    addresses, company = shown.addresses, shown.company
    simulator, phones = addresses.simulator, f"/phone/{company.corp_id}"
    asked = shown.existing.first("same_email")
    return [
        f"{company.name} is in step: {company.departments} departments, "
        f"{company.members} people.",
        count_people(shown),
        "",
        f"operators' console   {addresses.api}/console/",
        f"  sign in with       {addresses.api_token}",
        f"phone with a notice  {simulator}{phones}/{asked}",
        f"company's own page   {addresses.api}/company/",
        f"  open its admin's phone first: {simulator}{phones}/{company.installer}",
        f"a new company        {addresses.api}/register",
        f"WeCom, simulated     {simulator}/",
        "  act as its admin, read each member's phone",
        f"TAPD, simulated      {simulator}/tapd/",
        f"  sign in with WeCom {simulator}/tapd/wecom",
        f"an item to edit      {shown.items.page}",
        f"  sign in to TAPD as {shown.items.editor}, change it, and watch the phone",
        f"  of its owner       {simulator}{phones}/{shown.items.owner}",
        f"JSON API             {addresses.api}/api/v1/corps",
        f"  Authorization:     Bearer {addresses.api_token}",
        f"callbacks            {shown.receiver}/wecom/command, /wecom/data",
        "",
        "Ctrl-C stops everything. Logs: .demo/logs/",
    ]


def _start_simulator(
    session: Session, *, settings: dict[str, str], receiver: str, port: int
) -> None:
    session.progress.say("simulator: WeCom and TAPD in a box ...")
    environment = {
        **process_environment(session, settings=settings),
        "SIMULATOR_HOST": settings["BIND"],
        "SIMULATOR_PORT": str(port),
        "SIMULATOR_COMMAND_URL": f"{receiver}/wecom/command",
        "SIMULATOR_DATA_URL": f"{receiver}/wecom/data",
        "SIMULATOR_SYNC_URL": settings["PUBLIC_URL"],
    }
    simulator = service(
        session,
        "simulator",
        (sys.executable, "-m", "simulator"),
        environment=environment,
        ready=answers(f"http://{LOOPBACK}:{port}/control/healthz"),
    )
    session.supervisor.start(replace(simulator, stop_signal=signal.SIGINT))
