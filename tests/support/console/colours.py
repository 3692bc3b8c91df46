"""Whether texts stand out from their ground: those that look the same, asked once."""

from dataclasses import dataclass, field

from playwright.sync_api import Page

from tests.support.console.looking import COLOURS, axe

# What a contrast comes from: a text's own colour and size, and everything below it.
# What is out of the flow may lie on something else: the same only if of the same class.
_LOOKS = """() => {
    const below = new Map([[null, ""]]);
    const ground = (each) => {
        if (below.has(each)) return below.get(each);
        const style = getComputedStyle(each);
        const own = [style.backgroundColor, style.backgroundImage, style.opacity,
            style.filter, style.mixBlendMode, style.backgroundClip];
        if (["absolute", "fixed", "sticky"].includes(style.position))
            own.push(each.tagName, each.className, style.inset);
        below.set(each, [ground(each.parentElement), ...own].join("/"));
        return below.get(each);
    };
    const says = (each) => each.matches("input, select, textarea")
        || [...each.childNodes].some((node) => node.nodeType === Node.TEXT_NODE
            && node.data.trim());
    const look = (each) => {
        const style = getComputedStyle(each);
        return [style.color, style.fontSize, style.fontWeight, style.textShadow,
            each.matches(":disabled, [aria-disabled=true]"), ground(each)].join(" ");
    };
    const seen = [...document.querySelectorAll("body, body *")].filter((each) =>
        says(each) && each.checkVisibility({ visibilityProperty: true }));
    window.looks = new Map(seen.map((each) => [look(each), each]));
    return [...looks.keys()];
}"""
_CHOOSE = "(wanted) => { window.chosen = wanted.map((each) => looks.get(each)); }"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrasts:
    """Asks axe for each way in which a text looks, on the first page that shows it."""

    known: set[str] = field(default_factory=set)

    def faults(self, page: Page) -> list[str]:
        """What does not stand out, of what looks as nothing did before."""
        new = sorted(set(page.evaluate(_LOOKS)) - self.known)
        if not new:
            return []
        self.known.update(new)
        page.evaluate(_CHOOSE, new)
        return axe(page, rules=COLOURS, where="{ include: window.chosen }")
