"""Whether the person who installed the app may use it, as WeCom says right now."""

from domain.ids import TagId, Userid
from domain.scope import AuthMode, Tag, usable_of
from domain.tree import Tree
from wecom.wire import AuthInfo
from workers.org.observe import scope_from
from workers.org.questions import CorpApi, ask_one, list_departments, read_tag


def is_usable(api: CorpApi, info: AuthInfo, userid: Userid) -> bool:
    """Whether the scope holds this person; as few questions as that takes.

    Raises: WeComError when WeCom does not answer.
    """
    scope = scope_from(info)
    if userid in scope.members:
        return True
    person = ask_one(api, userid)
    if isinstance(person, int):
        return False
    if scope.auth_mode == AuthMode.MEMBER:
        # There WeCom's answering for a person is the ground.
        return True
    tags = _read_tags(api, scope.tags)
    tree = Tree.of(list_departments(api))
    usable = usable_of(scope=scope, tags=tags, tree=tree)
    return bool(usable.grounds_of(userid, person.department_ids))


def _read_tags(api: CorpApi, tag_ids: frozenset[TagId]) -> dict[TagId, Tag]:
    read = {each: read_tag(api, each) for each in sorted(tag_ids)}
    return {tag_id: tag for tag_id, tag in read.items() if tag is not None}
