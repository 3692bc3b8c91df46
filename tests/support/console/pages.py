"""Every page that the web has, found by its routes, and a browser to look at them."""

from playwright.sync_api import Browser, BrowserContext, Page

from tests.support.console.populated import Night
from tests.support.driving import address_of
from web.access import Audience, audience_of

WIDTHS = (1440, 768, 360)
# Answers for programs, and addresses that only lead on: no page stands there.
NO_PAGES = {
    "front",
    "static",
    "healthz",
    "readyz",
    "metrics",
    "choose_language",
    "oidc_calls.discover",
    "oidc_calls.show_keys",
    "oidc_calls.tell_of_user",
    "console.search_words",
    "console.show_history",
    "console.choose_theme",
    "console.choose_zone",
    "console.moved_plan",
    "console.moved_run",
    "console.to_house",
    "console.house_done",
    "company.show_own",
    "install.ask_installer",
    "account.login",
}
# What a page shows besides when it is asked for otherwise.
ALSO = (
    "/console/corps?show=blocked",
    "/console/corps/wwcorp?open=1,2,3,4,5",
    "/console/events?q=state:failed",
    "/console/events?q=nothing-matches-this",
    "/console/search?q=nothing-matches-this",
    "/console/corps/wwcorp/people/nobody",
    "/console/corps/wwcorp/people/single",
    # What a sync would do: held, nothing, in the way, being asked, lost, of a newcomer.
    *(f"/console/corps/wwcorp/people/user-{number}" for number in range(1, 6)),
    "/console/corps/wwcorp/people/newcomer",
    "/console/corps/wwcorp/people?find=nobody",
    "/console/corps/wwblocked",
    "/console/corps/wwpaused",
    "/console/corps/wwnew",
    "/console/runs/run-2",
    "/console/runs/run-3",
    "/console/plans/plan-b",
    "/console/corps/unknown",
    "/console/?range=90d",
)


def paths(place: Night) -> list[str]:
    """Every address at which somebody finds a page."""
    app = place.live.visit.web.app
    rules = [
        rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or set())
        and rule.endpoint not in NO_PAGES
        and audience_of(app, rule.endpoint) is not Audience.BEARER
        and not rule.rule.startswith("/api/")
    ]
    found = [address_of(rule, place.names) for rule in rules]
    # Who asks where to go last: it ends the session of whoever looks.
    asked = f"/console/events/{place.names['asked_event']}"
    return [*sorted(found), *ALSO, asked, place.signs_in, place.installs]


def context_for(
    browser: Browser, place: Night, *, runs_scripts: bool = True
) -> BrowserContext:
    context = browser.new_context(
        base_url=place.live.url,
        reduced_motion="reduce",
        java_script_enabled=runs_scripts,
        viewport={"width": WIDTHS[0], "height": 900},
    )
    context.set_default_timeout(60_000)
    # Not in front: a page that changes while it is looked at is another test's.
    context.add_init_script("document.hasFocus = () => false")
    place.site.lend(context)
    return context


def speak(page: Page, place: Night, language: str) -> None:
    cookie = {"name": "sync-language", "value": language, "url": place.live.url}
    page.context.add_cookies([cookie])  # type: ignore[list-item]  # A cookie as they come.
