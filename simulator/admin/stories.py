"""Named days in the life of a company, to rehearse a reorganisation with."""

from collections.abc import Callable

from simulator.admin.actions import act
from simulator.faults import Fault, Kind
from simulator.org.corp import Corp
from simulator.org.directory import ROOT, Member, Status
from simulator.world import World

Step = Callable[[str, dict[str, object]], dict[str, object]]
Story = Callable[[World, Corp, Step], None]


def play(world: World, corp: Corp, name: str) -> list[str]:
    """Carry a story out; the names of the actions it took.

    Raises: Impossible, LookupError for an unknown story.
    """
    steps: list[str] = []

    def step(action: str, given: dict[str, object]) -> dict[str, object]:
        steps.append(action)
        return act(world, corp, action, given)

    STORIES[name](world, corp, step)
    return steps


def _hire_and_promote(world: World, corp: Corp, step: Step) -> None:
    """Somebody joins, changes department, and comes to lead it."""
    first, second = _places(corp)[:2]
    userid = step("hire", {"departments": [first]})["userid"]
    step("move", {"userid": userid, "departments": [second]})
    step("promote", {"userid": userid, "leads": [second]})


def _leave_and_return(world: World, corp: Corp, step: Step) -> None:
    """Somebody is disabled, comes back, and leaves for good."""
    member = _anybody(corp)
    step("disable", {"userid": member.userid})
    step("enable", {"userid": member.userid})
    step("leave", {"userid": member.userid})


def _rename(world: World, corp: Corp, step: Step) -> None:
    """A userid changes, as it may once."""
    step("rename-userid", {"userid": _anybody(corp).userid})


def _reorganise(world: World, corp: Corp, step: Step) -> None:
    """A department's people move to a new one, and the old one goes."""
    leaf = _leaf(corp)
    parent = corp.now.departments[leaf].parent_id
    made = step("add-department", {"name": "新团队", "parent_id": parent})
    for member in list(corp.now.people(leaf)):
        kept = [one for one in member.departments if one != leaf]
        places = [made["department_id"], *kept]
        step("move", {"userid": member.userid, "departments": places})
    step("remove-department", {"department_id": leaf})


def _shrink_scope(world: World, corp: Corp, step: Step) -> None:
    """The scope shrinks to two top departments."""
    step("set-scope", {"allow_party": _tops(corp)[:2]})


def _scope_to_members(world: World, corp: Corp, step: Step) -> None:
    """The scope names people alone; no department is left in it."""
    step("set-scope", {"allow_user": list(corp.now.members)[:5]})


def _scope_to_tag(world: World, corp: Corp, step: Step) -> None:
    """The scope names one tag."""
    step("set-scope", {"allow_tag": list(corp.now.tags)[:1]})


def _empty_scope(world: World, corp: Corp, step: Step) -> None:
    """Nobody may use the app any more."""
    step("set-scope", {})


def _whole_scope(world: World, corp: Corp, step: Step) -> None:
    """The whole corp may use the app."""
    step("set-scope", {"allow_party": [ROOT]})


def _reinstall(world: World, corp: Corp, step: Step) -> None:
    """The app is removed and installed again from the market."""
    step("uninstall", {})
    step("install", {"way": "market"})


def _storm(world: World, corp: Corp, step: Step) -> None:
    """Everybody moves back and forth while pushes repeat and overtake each other."""
    for kind in (Kind.DUPLICATE, Kind.REORDER):
        world.faults.add(
            Fault(
                fault_id=world.faults.next_id(),
                kind=kind,
                corp_id=corp.corp_id,
                count=200,
                share=0.5,
            )
        )
    first, second = _places(corp)[:2]
    for member in list(corp.now.members.values())[:100]:
        home = list(member.departments)
        away = second if first in home else first
        step("move", {"userid": member.userid, "departments": [away]})
        step("move", {"userid": member.userid, "departments": home})


def _places(corp: Corp) -> list[int]:
    """Department ids below the root; the root alone where there is none."""
    below = [one for one in corp.now.departments if one != ROOT]
    return below if len(below) > 1 else [*below, ROOT, ROOT]


def _tops(corp: Corp) -> list[int]:
    return list(corp.now.children(ROOT)) or [ROOT]


def _leaf(corp: Corp) -> int:
    """The last department without departments below it."""
    leaves = [one for one in _places(corp) if not list(corp.now.children(one))]
    return leaves[-1]


def _anybody(corp: Corp) -> Member:
    """Somebody active who does not lead, so that the story hurts nobody else."""
    active = [m for m in corp.now.members.values() if m.status is Status.ACTIVE]
    return next((m for m in active if not m.leads), active[-1])


STORIES: dict[str, Story] = {
    "hire-and-promote": _hire_and_promote,
    "leave-and-return": _leave_and_return,
    "rename": _rename,
    "reorganise": _reorganise,
    "shrink-scope": _shrink_scope,
    "scope-to-members": _scope_to_members,
    "scope-to-tag": _scope_to_tag,
    "empty-scope": _empty_scope,
    "whole-scope": _whole_scope,
    "reinstall": _reinstall,
    "storm": _storm,
}
