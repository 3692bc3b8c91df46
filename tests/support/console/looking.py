"""What a browser finds wrong with a page: axe's findings, its width, its weight."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Response

# WCAG 2.2 AA with all that it includes, and what axe calls best practice.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What a theme can break, and what a language can: the rest is the same markup.
COLOURS = ("color-contrast",)
WORDS = (
    "aria-command-name",
    "aria-dialog-name",
    "aria-input-field-name",
    "aria-progressbar-name",
    "button-name",
    "document-title",
    "empty-heading",
    "empty-table-header",
    "html-has-lang",
    "html-lang-valid",
    "label",
    "landmark-unique",
    "link-name",
    "select-name",
    "summary-name",
    "svg-img-alt",
    "target-size",
    "valid-lang",
)
_ASK = """async (options) => {
    const { violations } = await axe.run(%s, options);
    const why = (node) => [...node.any, ...node.all, ...node.none]
        .map((each) => each.message).join("; ").slice(0, 160);
    return violations.flatMap((each) => each.nodes.map(
        (node) => `${each.id}: ${node.html.slice(0, 160)} (${why(node)})`));
}"""
_WIDER = """() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    const beyond = (each) => each.getBoundingClientRect().right > width + 0.5;
    const out = [...document.querySelectorAll("body *")]
        .filter((each) => beyond(each) && !each.closest(".scroll, .plot"));
    const told = out.slice(-3).map((each) => each.outerHTML.slice(0, 160));
    return ["wider than the page", ...told];
}"""

# Each control in turn: is it reached by Tab, does one see that it is, and what is it?
# A placeholder is gone with the first letter; axe takes it for a name.
_UNREACHED = """() => {
    const wanted = "a[href], button, input:not([type=hidden]), select, textarea,"
        + " summary, [tabindex], [data-action]";
    const seen = [...document.querySelectorAll(wanted)].filter((each) =>
        each.checkVisibility({ visibilityProperty: true }) && !each.disabled);
    return seen.flatMap((each) => {
        if (each.id === "main") return [];
        each.focus();
        const style = getComputedStyle(each);
        const faults = [];
        if (document.activeElement !== each) faults.push("cannot be focused");
        else if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2)
            faults.push("does not show its focus");
        if (each.labels?.length === 0 && !each.matches("button, [type=submit]")
            && !each.ariaLabel && !each.hasAttribute("aria-labelledby"))
            faults.push("has no label");
        if (each.tabIndex !== 0) faults.push(`has the tabindex ${each.tabIndex}`);
        return faults.map((fault) => `${each.outerHTML.slice(0, 120)} ${fault}`);
    });
}"""


def bring_axe(context: BrowserContext) -> None:
    """Half a megabyte into every page that is opened from now on, sent once."""
    context.add_init_script(AXE_SCRIPT)


def axe(
    page: Page,
    *,
    rules: Iterable[str] = (),
    but: Iterable[str] = (),
    where: str = "document",
) -> list[str]:
    """What axe finds by all rules of these tags but some, or by these rules alone.

    Shape: `where` is what it looks at, as a script says it; see `bring_axe`.
    """
    named = list(rules)
    switched = {each: {"enabled": False} for each in but}
    options = {
        "runOnly": (
            {"type": "rule", "values": named}
            if named
            else {"type": "tag", "values": TAGS}
        ),
        "resultTypes": ["violations"],
        "rules": {} if named else {"target-size": {"enabled": True}, **switched},
    }
    return [str(each) for each in page.evaluate(_ASK % where, options)]


def wider(page: Page) -> list[str]:
    """What makes a page wider than its window, if anything does."""
    return [str(each) for each in page.evaluate(_WIDER)]


def unreached(page: Page) -> list[str]:
    """The controls that no key reaches, or that do not show that they were reached."""
    # From now on the browser takes the keyboard for the reader's way.
    page.keyboard.press("Tab")
    return [str(each) for each in page.evaluate(_UNREACHED)]


def tab_to(page: Page, selector: str) -> None:
    """Go on by Tab until a control has the focus, as a person without a mouse does."""
    matches = "(wanted) => document.activeElement.matches(wanted)"
    for _ in range(200):
        page.keyboard.press("Tab")
        if page.evaluate(matches, selector):
            return
    raise AssertionError(f"{selector} is not reached by Tab on {page.url}")


@dataclass(kw_only=True)
class Listening:
    """What the browser says about a page while it is looked at."""

    said: list[str] = field(default_factory=list)
    bytes_loaded: dict[str, int] = field(default_factory=dict)

    def begin(self, page: Page) -> None:
        """Listen from now on to whatever is opened in it."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.said.append(f"error: {error}"))
        page.on("response", self._weigh)

    def forget(self) -> None:
        """Begin anew for the next page."""
        self.said.clear()
        self.bytes_loaded.clear()

    def _console(self, message: ConsoleMessage) -> None:
        # A refusal's own page is answered with its status, which the browser tells.
        if "Failed to load resource" not in message.text:
            self.said.append(f"console: {message.text}")

    def _weigh(self, response: Response) -> None:
        kind = response.request.resource_type
        if kind in {"document", "stylesheet", "script", "image", "font"}:
            length = response.headers.get("content-length", "0")
            self.bytes_loaded[response.url] = int(length)
            if response.status >= 400 and kind != "document":
                self.said.append(f"{response.status}: {response.url}")
