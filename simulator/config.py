"""What one simulator is started with, so that nothing else reads the environment."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteKey:
    """One suite of the provider: the app itself, or the login authorisation."""

    suite_id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TapdApp:
    """The open app that TAPD knows us as."""

    client_id: str = "demo"
    secret: str = field(default="demo-tapd", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """The product's JSON API, as TAPD calls it when a company is to be linked."""

    url: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The provider, its suites, its app in TAPD, and where its callbacks go.

    Units: ticket_seconds, retry_seconds and callback_seconds are seconds.
    """

    command_url: str
    data_url: str
    token: str
    encoding_aes_key: str = field(repr=False)
    suite: SuiteKey
    login_suite: SuiteKey | None = None
    provider_corp_id: str
    provider_secret: str = field(repr=False)
    tapd_app: TapdApp = TapdApp()
    sync: Sync | None = None
    ticket_seconds: float = 600.0
    callback_seconds: float = 5.0
    retry_seconds: float = 1.0

    @property
    def home_url(self) -> str:
        """What opens from the workbench, once the product's web is known."""
        return f"{self.sync.url}/enter" if self.sync else ""

    @property
    def items_url(self) -> str:
        """Where TAPD sends item events: the receiver takes both platforms' mail."""
        return self.command_url.replace("/wecom/command", "/tapd/events")

    @property
    def suites(self) -> tuple[SuiteKey, ...]:
        """Every suite that gets a ticket."""
        return (self.suite, self.login_suite) if self.login_suite else (self.suite,)
