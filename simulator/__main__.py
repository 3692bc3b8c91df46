"""python -m simulator: WeCom and TAPD in a box."""

import logging
import signal
import threading

import click

from simulator.config import Config, SuiteKey, Sync, TapdApp
from simulator.server import Simulator

DEMO_AES_KEY = "2Eut3QUGh0BF89r8Bh4rCgvfGpGE2Ou66CO6dMtvsnQ"


@click.command(context_settings={"show_default": True, "max_content_width": 100})
@click.option("--host", default="127.0.0.1", envvar="SIMULATOR_HOST")
@click.option("--port", default=9000, envvar="SIMULATOR_PORT")
@click.option(
    "--command-url",
    default="http://127.0.0.1:8000/wecom/command",
    envvar="SIMULATOR_COMMAND_URL",
    help="Where command callbacks go.",
)
@click.option(
    "--data-url",
    default="http://127.0.0.1:8000/wecom/data",
    envvar="SIMULATOR_DATA_URL",
    help="Where data callbacks go; may contain $CORPID$.",
)
@click.option("--suite-id", default="wwsuite00000000001", envvar="WECOM_SUITE_ID")
@click.option("--suite-secret", default="demo-suite", envvar="WECOM_SUITE_SECRET")
@click.option("--token", default="tapdSuiteTok3n", envvar="WECOM_TOKEN")
@click.option(
    "--aes-key",
    default=DEMO_AES_KEY,
    envvar="WECOM_ENCODING_AES_KEY",
    show_default=False,
)
@click.option(
    "--provider-corp-id", default="wwprovider0000001", envvar="WECOM_PROVIDER_CORP_ID"
)
@click.option(
    "--provider-secret", default="demo-provider", envvar="WECOM_PROVIDER_SECRET"
)
@click.option("--login-suite-id", default="", envvar="WECOM_LOGIN_SUITE_ID")
@click.option("--login-suite-secret", default="", envvar="WECOM_LOGIN_SUITE_SECRET")
@click.option("--tapd-client-id", default="demo", envvar="TAPD_CLIENT_ID")
@click.option("--tapd-client-secret", default="demo-tapd", envvar="TAPD_CLIENT_SECRET")
@click.option(
    "--sync-url",
    default="",
    envvar="SIMULATOR_SYNC_URL",
    help="The product's web, where TAPD's admins begin to link a company.",
)
@click.option("--sync-token", default="", envvar="API_TOKEN")
@click.option(
    "--ticket-seconds",
    default=600.0,
    envvar="SIMULATOR_TICKET_SECONDS",
    help="Seconds between two suite_ticket pushes.",
)
def main(host: str, port: int, **options: str | float) -> None:
    """Serve WeCom's API, admin console and phones, and TAPD's API and sign-in."""
    logging.basicConfig(level=logging.INFO)
    simulator = Simulator(_config(options), host=host, port=port)
    stopping = threading.Event()
    # Set by us: a shell starts what runs in its background with SIGINT ignored.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    simulator.start()
    click.echo(f"simulator: http://{host}:{simulator.port}/")
    stopping.wait()
    simulator.stop()


def _config(options: dict[str, str | float]) -> Config:
    login_id = str(options["login_suite_id"])
    login = SuiteKey(suite_id=login_id, secret=str(options["login_suite_secret"]))
    return Config(
        command_url=str(options["command_url"]),
        data_url=str(options["data_url"]),
        token=str(options["token"]),
        encoding_aes_key=str(options["aes_key"]),
        suite=SuiteKey(
            suite_id=str(options["suite_id"]), secret=str(options["suite_secret"])
        ),
        login_suite=login if login_id else None,
        provider_corp_id=str(options["provider_corp_id"]),
        provider_secret=str(options["provider_secret"]),
        tapd_app=TapdApp(
            client_id=str(options["tapd_client_id"]),
            secret=str(options["tapd_client_secret"]),
        ),
        sync=_sync(str(options["sync_url"]), str(options["sync_token"])),
        ticket_seconds=float(options["ticket_seconds"]),
    )


def _sync(url: str, token: str) -> Sync | None:
    return Sync(url=url, token=token) if url else None


if __name__ == "__main__":
    main()
