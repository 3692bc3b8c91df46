"""The simulator as a running thing: HTTP server, ticket clock, delivery threads."""

import threading

from flask import Flask

from simulator.api import dispatch
from simulator.app_server import AppServer
from simulator.config import Config
from simulator.control import blueprint as control_blueprint
from simulator.control_corps import blueprint as corps_blueprint
from simulator.pages.open_pages import blueprint as open_pages_blueprint
from simulator.pages.page import blueprint as page_blueprint
from simulator.pages.phone_pages import blueprint as phones_blueprint
from simulator.tapd.api import blueprint as tapd_api_blueprint
from simulator.tapd.company_pages import blueprint as tapd_company_blueprint
from simulator.tapd.control import blueprint as tapd_control_blueprint
from simulator.tapd.items.item_control import blueprint as tapd_item_control_blueprint
from simulator.tapd.items.item_pages import blueprint as tapd_items_blueprint
from simulator.tapd.pages import blueprint as tapd_blueprint
from simulator.tapd.wecom_pages import blueprint as tapd_wecom_blueprint
from simulator.world import World

TICKET_RETRY_SECONDS = 5.0


def create_app(world: World) -> Flask:
    """Every route of the simulator over one world."""
    app = Flask("simulator", static_folder=None)
    app.register_blueprint(dispatch.blueprint(world))
    app.register_blueprint(control_blueprint(world))
    app.register_blueprint(corps_blueprint(world))
    app.register_blueprint(page_blueprint(world))
    app.register_blueprint(phones_blueprint(world))
    app.register_blueprint(open_pages_blueprint(world))
    app.register_blueprint(tapd_api_blueprint(world))
    app.register_blueprint(tapd_control_blueprint(world))
    app.register_blueprint(tapd_item_control_blueprint(world))
    app.register_blueprint(tapd_items_blueprint(world))
    app.register_blueprint(tapd_blueprint(world))
    app.register_blueprint(tapd_company_blueprint(world))
    app.register_blueprint(tapd_wecom_blueprint(world))
    return app


class Simulator:
    """A world being served; start once, stop once."""

    def __init__(self, config: Config, *, host: str = "127.0.0.1", port: int = 0):
        self.world = World(config)
        self._server = AppServer((host, port), create_app(self.world).wsgi_app)
        self._threads = [
            threading.Thread(
                # How often it looks whether it is to stop.
                target=self._server.serve_forever,
                kwargs={"poll_interval": 0.05},
                daemon=True,
            ),
            threading.Thread(target=self._keep_ticketing, daemon=True),
        ]

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._server.server_port

    def start(self) -> None:
        """Serve, deliver and push tickets, all in the background."""
        self.world.courier.start()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End every thread."""
        self.world.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self.world.courier.stop()

    def _keep_ticketing(self) -> None:
        """A ticket at once, then by the clock, sooner while nobody took the last."""
        while True:
            records = self.world.push_ticket()
            self.world.courier.wait_idle(TICKET_RETRY_SECONDS)
            taken = all(record.fate == "delivered" for record in records)
            every = self.world.config.ticket_seconds
            wait = every if taken else min(every, TICKET_RETRY_SECONDS)
            if self.world.stopping.wait(wait):
                return
