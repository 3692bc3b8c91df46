"""Where items are in TAPD's web, as paths below its address."""

from domain.items.items import ItemKind

_PATHS = {
    ItemKind.STORY: "/{workspace}/prong/stories/view/{item}",
    ItemKind.TASK: "/{workspace}/prong/tasks/view/{item}",
    ItemKind.BUG: "/{workspace}/bugtrace/bugs/view/{item}",
    ItemKind.ITERATION: "/{workspace}/prong/iterations/card_view/{item}",
}
_SHORT_DIGITS = 9


def item_path(
    kind: ItemKind, *, workspace_id: str, item_id: str, new_task: bool = False
) -> str:
    """The path of an item's page; where tasks are stories of a type, a task's too."""
    shown = ItemKind.STORY if new_task and kind is ItemKind.TASK else kind
    return _PATHS[shown].format(workspace=workspace_id, item=item_id)


def short_id(item_id: str, workspace_id: str) -> str:
    """The id as TAPD's pages show it: without prefix, project and leading zeros."""
    number = item_id[-_SHORT_DIGITS:]
    whole = len(item_id) > _SHORT_DIGITS and item_id[2:-_SHORT_DIGITS] == workspace_id
    return (number.lstrip("0") or item_id) if whole else item_id
