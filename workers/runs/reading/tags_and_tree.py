"""The sets of a read, tags and tree: as listed, or what may be followed of them."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from domain.ids import Key, TagId, tag_key
from domain.org.listings import Tear, find_tear, mended
from domain.org.org import Department
from domain.org.scope import AuthMode, Tag, Tags
from domain.reasons import Finding
from domain.reconcile.testimony import roots_of
from wecom.errors import OddAnswer, Unavailable, WeComError
from workers.answers.listed import (
    ListedDepartments,
    ReadTag,
    empty_tag,
    odd_rows,
    with_known,
)
from workers.answers.observe import scope_from
from workers.answers.questions import TAG, ask_departments, read_tag
from workers.calls.concurrent import ask_all
from workers.calls.corp_api import CorpApi
from workers.runs.reading.patience import Patience
from workers.runs.snapshot import Snapshot

AGAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTree:
    """The departments that a run follows; `tear` is why they are not what was read.

    Shape: `odd` are rows of which nothing could be used.
    """

    departments: list[Department]
    tear: Tear | None
    odd: Mapping[Key, Unavailable]


def read_tree(
    api: CorpApi,
    snapshot: Snapshot,
    *,
    stored: Collection[Department],
    patience: Patience,
) -> ReadTree:
    """All departments that can be seen; of a torn listing only what is new in it.

    Raises: Unavailable for an empty listing that cannot be true.
    """
    answer = list_all(api, snapshot)
    listed, odd = with_known(answer, stored), odd_rows(answer)
    tear = find_tear(listed, roots=roots_of(snapshot.scope, tags=snapshot.tags))
    if tear is not None and snapshot.scope.extra_tags:
        extra = {
            each: ask_tag(api, each, known={}, patience=patience).tag
            for each in snapshot.scope.extra_tags
        }
        tags = snapshot.tags | {each: tag for each, tag in extra.items() if tag}
        tear = find_tear(listed, roots=roots_of(snapshot.scope, tags=tags))
    if tear is not None:
        listed = mended(listed, stored=stored)
    return ReadTree(departments=listed, tear=tear, odd=odd)


def torn(tear: Tear) -> str:
    """What operators are told of it."""
    return (
        f"{Finding.CUT_OFF_READ}: the listing of departments does not hang together:"
        f" {tear}; nobody was removed for it: the next whole listing heals"
    )


def with_finding(snapshot: Snapshot, found: str) -> Snapshot:
    """The snapshot of a run that has to tell this, once."""
    return replace(snapshot, found=tuple(dict.fromkeys((*snapshot.found, found))))


def with_tags(
    api: CorpApi,
    snapshot: Snapshot,
    *,
    known: Tags,
    odd: dict[Key, Unavailable],
    patience: Patience,
    at_once: Callable[[], int],
) -> Snapshot:
    """The snapshot with what its tags hold now; one that is unread is as it is known.

    Shape: `odd` gets the tags of which nothing could be used.
    Raises: Unavailable when the scope is another one by now.
    """
    if snapshot.scope.auth_mode == AuthMode.MEMBER:
        # Tags let nobody use the app where members authorise by themselves.
        return snapshot
    wanted = sorted(snapshot.scope.tags)
    found = ask_all(
        lambda each: ask_tag(api, each, known=known, patience=patience),
        wanted,
        at_once=at_once,
    )
    tags: dict[TagId, Tag] = {}
    for tag_id, read in zip(wanted, found, strict=True):
        if (error := patience.error_of(tag_key(tag_id))) is not None:
            odd[tag_key(tag_id)] = error
        if (tag := read.tag or known.get(tag_id)) is not None:
            tags[tag_id] = tag
        if read.tag is None:
            # WeCom 40068 means an empty tag only when the scope forgets it, too.
            snapshot = with_finding(snapshot, _unread(tag_id))
    unread = any(read.tag is None for read in found)
    if unread and scope_from(api.auth_info()) != snapshot.scope:
        raise Unavailable("scope changed", wait_seconds=AGAIN_SECONDS)
    return replace(snapshot, tags=tags)


def ask_tag(api: CorpApi, tag_id: TagId, *, known: Tags, patience: Patience) -> ReadTag:
    """What a tag holds; of one in trouble what is known of it, so that nobody leaves.

    Raises: Unavailable while it is worth waiting for an answer.
    """
    key, before = tag_key(tag_id), known.get(tag_id, empty_tag(tag_id))
    read = patience.bear(key, lambda: read_tag(api, tag_id, known=before))
    if read is None:
        return ReadTag(tag=before)
    if read.odd is not None:
        patience.note(key, OddAnswer(read.odd, endpoint=TAG))
    return read


def with_tag(snapshot: Snapshot, tag_id: TagId, read: ReadTag) -> Snapshot:
    """The snapshot with what one tag holds now; unread it stays as it was."""
    if read.tag is None:
        return with_finding(snapshot, _unread(tag_id))
    return replace(snapshot, tags={**snapshot.tags, tag_id: read.tag})


def list_all(api: CorpApi, snapshot: Snapshot) -> ListedDepartments:
    """All departments that can be seen; none where members authorise by themselves.

    Raises: Unavailable for an empty listing that cannot be true.
    """
    if snapshot.scope.auth_mode == AuthMode.MEMBER:
        return ListedDepartments(departments=())
    listed = ask_departments(api)
    granted = snapshot.grants_departments
    if isinstance(listed, WeComError):
        if granted:
            # Not an answer about any department: it says what we may ask.
            raise Unavailable(
                f"{Finding.LOST_PERMISSION}: the departments of the scope are refused",
                errcode=listed.errcode,
                endpoint=listed.endpoint,
            ) from listed
        return ListedDepartments(departments=())
    if not _says_something(listed) and granted:
        raise Unavailable(
            f"{Finding.CUT_OFF_READ}:"
            " an empty listing although the scope has departments"
        )
    return listed


def _says_something(listed: ListedDepartments) -> bool:
    return bool(listed.departments or listed.odd or listed.unnamed)


def _unread(tag_id: TagId) -> str:
    return (
        f"{Finding.CUT_OFF_READ}: tag {tag_id} is in the scope and did not answer;"
        " whom it let use the app stays"
    )
