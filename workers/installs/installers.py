"""Whether the person who installed the app may use it, as WeCom says right now."""

from domain.ids import TagId, Userid
from domain.org.scope import AuthMode, Tag, usable_of
from domain.org.tree import Tree
from wecom.wire import AuthInfo
from workers.answers.listed import ListedDepartments
from workers.answers.observe import scope_from
from workers.answers.people import ask_one
from workers.answers.questions import ask_departments, read_tag
from workers.calls.corp_api import CorpApi


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
    if person.userid in scope.members:
        return True
    if scope.auth_mode == AuthMode.MEMBER:
        # There WeCom's answering for a person is the ground.
        return True
    tags = _read_tags(api, scope.tags)
    listed = ask_departments(api)
    tree = Tree.of(listed.departments if isinstance(listed, ListedDepartments) else ())
    usable = usable_of(scope=scope, tags=tags, tree=tree)
    # The scope may spell the person as they were asked for, or as WeCom does.
    return any(
        usable.grounds_of(each, person.department_ids)
        for each in (userid, person.userid)
    )


def _read_tags(api: CorpApi, tag_ids: frozenset[TagId]) -> dict[TagId, Tag]:
    read = {each: read_tag(api, each).tag for each in sorted(tag_ids)}
    return {tag_id: tag for tag_id, tag in read.items() if tag is not None}
