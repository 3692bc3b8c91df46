"""The sets of a read, tags and tree: as listed, or what may be followed of them."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import partial

from domain.ids import TagId
from domain.listings import Tear, find_tear, mended
from domain.org import Department
from domain.reasons import Finding
from domain.scope import AuthMode, Tag, Tags
from domain.testimony import roots_of
from wecom.errors import Unavailable, WeComError
from workers.calls.concurrent import ask_all
from workers.org.observe import scope_from
from workers.org.questions import CorpApi, ask_departments, read_tag
from workers.runs.snapshot import Snapshot

AGAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTree:
    """The departments that a run follows; `tear` is why they are not what was read."""

    departments: list[Department]
    tear: Tear | None


def read_tree(
    api: CorpApi, snapshot: Snapshot, *, stored: Collection[Department]
) -> ReadTree:
    """All departments that can be seen; of a torn listing only what is new in it.

    Raises: Unavailable for an empty listing that cannot be true.
    """
    listed = list_all(api, snapshot)
    tear = find_tear(listed, roots=roots_of(snapshot.scope, tags=snapshot.tags))
    if tear is not None and snapshot.scope.extra_tags:
        tags = snapshot.tags | _read_tags(api, snapshot.scope.extra_tags)
        tear = find_tear(listed, roots=roots_of(snapshot.scope, tags=tags))
    if tear is None:
        return ReadTree(departments=listed, tear=None)
    return ReadTree(departments=mended(listed, stored=stored), tear=tear)


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
    api: CorpApi, snapshot: Snapshot, *, known: Tags, at_once: Callable[[], int]
) -> Snapshot:
    """The snapshot with what its tags hold now; one that is unread is as it is known.

    Raises: Unavailable when the scope is another one by now.
    """
    if snapshot.scope.auth_mode == AuthMode.MEMBER:
        # Tags let nobody use the app where members authorise by themselves.
        return snapshot
    wanted = sorted(snapshot.scope.tags)
    read = ask_all(partial(read_tag, api), wanted, at_once=at_once)
    tags = dict(zip(wanted, read, strict=True))
    missing = [each for each, tag in tags.items() if tag is None]
    if missing and scope_from(api.auth_info()) != snapshot.scope:
        raise Unavailable("scope changed", wait_seconds=AGAIN_SECONDS)
    # WeCom 40068 means an empty tag only when the scope forgets it, too.
    for each in missing:
        snapshot = with_finding(snapshot, _unread(each))
    held = {each: tag or known.get(each) for each, tag in tags.items()}
    return replace(
        snapshot, tags={each: tag for each, tag in held.items() if tag is not None}
    )


def with_tag(api: CorpApi, snapshot: Snapshot, tag_id: TagId) -> Snapshot:
    """The snapshot with what one tag holds now; unread it stays as it was."""
    tag = read_tag(api, tag_id)
    if tag is None:
        return with_finding(snapshot, _unread(tag_id))
    return replace(snapshot, tags={**snapshot.tags, tag_id: tag})


def list_all(api: CorpApi, snapshot: Snapshot) -> list[Department]:
    """All departments that can be seen; none where members authorise by themselves.

    Raises: Unavailable for an empty listing that cannot be true.
    """
    if snapshot.scope.auth_mode == AuthMode.MEMBER:
        return []
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
        return []
    if not listed and granted:
        raise Unavailable(
            f"{Finding.CUT_OFF_READ}:"
            " an empty listing although the scope has departments"
        )
    return listed


def _read_tags(api: CorpApi, tag_ids: Collection[TagId]) -> dict[TagId, Tag]:
    read = {each: read_tag(api, each) for each in sorted(tag_ids)}
    return {each: tag for each, tag in read.items() if tag is not None}


def _unread(tag_id: TagId) -> str:
    return (
        f"{Finding.CUT_OFF_READ}: tag {tag_id} is in the scope and did not answer;"
        " whom it let use the app stays"
    )
