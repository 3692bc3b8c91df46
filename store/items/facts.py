"""What there is to say of changes when their cards are made."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from domain.ids import CompanyId
from domain.items.changes import ItemChange, fold
from domain.items.items import ItemKind
from store.database import Connection
from store.items import changes, states, workspaces
from store.sealing import Keyring

_ITERATION = "iteration_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFacts:
    """What a card tells of one item.

    Shape: `labels`, `statuses` and `options`, by field, then by value, are the
        project's own words, `iterations` the names of those that are mentioned; each
        may be empty.
    """

    kind: ItemKind
    item_id: str
    workspace_id: str
    workspace: str | None
    new_task: bool
    title: str
    operator: str
    change: ItemChange
    labels: Mapping[str, str]
    statuses: Mapping[str, str]
    iterations: Mapping[str, str]
    options: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def load_facts(
    connection: Connection,
    company_id: CompanyId,
    change_ids: Collection[int],
    *,
    keyring: Keyring,
) -> dict[int, ItemFacts]:
    """The facts of these changes by id, so locked that nothing is added any more.

    Raises: SealBroken.
    """
    found = changes.lock_changes(connection, company_id, change_ids, keyring=keyring)
    remembered = states.find_states(
        connection,
        company_id,
        sorted({(each.kind, each.item_id) for each in found.values()}),
        keyring=keyring,
    )
    known = workspaces.find_workspaces(
        connection, company_id, {each.workspace_id for each in remembered.values()}
    )
    folded = {key: fold(each.utterances) for key, each in found.items()}
    iterations = states.list_titles(
        connection,
        company_id,
        ItemKind.ITERATION,
        _iterations(folded.values()),
        keyring=keyring,
    )
    facts = {}
    for change_id, each in found.items():
        state = remembered[each.kind, each.item_id]
        workspace = known.get(state.workspace_id)
        words = workspace.words.get(each.kind) if workspace else None
        facts[change_id] = ItemFacts(
            kind=each.kind,
            item_id=each.item_id,
            workspace_id=state.workspace_id,
            workspace=workspace.name if workspace else None,
            new_task=workspace.new_task if workspace else False,
            title=state.title(each.kind),
            operator=each.operator,
            change=folded[change_id],
            labels=words.labels if words else {},
            statuses=words.statuses if words else {},
            iterations=iterations,
            options=words.options if words else {},
        )
    return facts


def _iterations(folded: Collection[ItemChange]) -> set[str]:
    return {
        value
        for change in folded
        for each in change.fields
        if each.name == _ITERATION
        for value in (each.old, each.new)
        if value
    }
