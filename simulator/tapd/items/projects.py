"""TAPD's projects and what people work on there: stories, bugs, tasks, iterations."""

import itertools
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from simulator.tapd.people import Company, Tapd, china_time

FIRST_PROJECT = 48_464_494
# Cloud ids begin with 11, then the project, then the number padded (tapd.md 1.5).
CLOUD, NUMBER_DIGITS = "11", 9
KINDS = ("story", "bug", "task", "iteration")
TITLE = {"story": "name", "bug": "title", "task": "name", "iteration": "name"}
OWNER = {"story": "owner", "bug": "current_owner", "task": "owner"}
CREATOR = {"story": "creator", "bug": "reporter", "task": "creator"}
PEOPLE = frozenset(
    {"owner", "current_owner", "cc", "follower", "creator", "reporter", "participator"}
)
# What each kind has besides id, project and times.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "story": (
        "name",
        "description",
        "status",
        "owner",
        "cc",
        "follower",
        "creator",
        "priority",
        "begin",
        "due",
        "iteration_id",
        "custom_field_1",
    ),
    "bug": (
        "title",
        "description",
        "status",
        "current_owner",
        "cc",
        "follower",
        "reporter",
        "participator",
        "priority",
        "severity",
        "iteration_id",
    ),
    "task": (
        "name",
        "description",
        "status",
        "owner",
        "cc",
        "creator",
        "begin",
        "due",
        "story_id",
        "iteration_id",
    ),
    "iteration": ("name", "description", "status", "startdate", "enddate", "creator"),
}
STATUSES: Mapping[str, Mapping[str, str]] = {
    "story": {
        "planning": "规划中",
        "status_2": "实现中",
        "status_3": "测试中",
        "resolved": "已实现",
    },
    "bug": {
        "new": "新",
        "in_progress": "接受/处理",
        "resolved": "已解决",
        "closed": "已关闭",
    },
    "task": {"open": "未开始", "progressing": "进行中", "done": "已完成"},
    "iteration": {"open": "开启", "done": "已关闭"},
}
# Values that TAPD keeps as keys (its pages on stories and bugs).
OPTIONS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "story": {"priority": {"4": "高", "3": "中", "2": "低", "1": "无关紧要"}},
    "bug": {
        "priority": {
            "urgent": "紧急",
            "high": "高",
            "medium": "中",
            "low": "低",
            "insignificant": "无关紧要",
        },
        "severity": {
            "fatal": "致命",
            "serious": "严重",
            "normal": "一般",
            "prompt": "提示",
            "advice": "建议",
        },
    },
}
LABELS: Mapping[str, str] = {
    "name": "标题",
    "title": "标题",
    "description": "详细描述",
    "status": "状态",
    "owner": "处理人",
    "current_owner": "处理人",
    "cc": "抄送人",
    "follower": "关注人",
    "creator": "创建人",
    "reporter": "创建人",
    "participator": "参与人",
    "priority": "优先级",
    "severity": "严重程度",
    "begin": "预计开始",
    "due": "预计结束",
    "iteration_id": "迭代",
    "story_id": "需求",
    "custom_field_1": "上线窗口",
}


@dataclass(slots=True, kw_only=True)
class Comment:
    """What somebody said about an item."""

    comment_id: str
    kind: str
    item_id: str
    author: str
    description: str


@dataclass(slots=True, kw_only=True)
class Item:
    """Something that people work on; `fields` are texts, people as `a;b;`."""

    item_id: str
    kind: str
    fields: dict[str, str]
    created: str
    modified: str

    @property
    def title(self) -> str:
        """What it is called."""
        return self.fields[TITLE[self.kind]]


@dataclass(slots=True, kw_only=True)
class Hooks:
    """Where a project sends its events, and in which form.

    Shape: `form` is flat_json, flat_form, automation_1 or automation_2; with
        `status_too` a change of status is told by an event of its own as well; with
        `sparse` an update leaves out the new values, as TAPD's page shows it.
    """

    url: str = ""
    secret: str = ""
    form: str = "flat_form"
    status_too: bool = False
    sparse: bool = False


@dataclass(slots=True, kw_only=True)
class Project:
    """A project of a company."""

    workspace_id: str
    company_id: str
    name: str
    new_task: bool = False
    hooks: Hooks = field(default_factory=Hooks)
    items: dict[tuple[str, str], Item] = field(default_factory=dict)
    comments: dict[str, Comment] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1_000_001))

    def next_id(self) -> str:
        """An id as the cloud makes them."""
        return f"{CLOUD}{self.workspace_id}{next(self.numbers):0{NUMBER_DIGITS}d}"


class Projects:
    """Every project; the world's lock guards them."""

    def __init__(self) -> None:
        self.by_id: dict[str, Project] = {}
        self._ids = itertools.count(FIRST_PROJECT)

    def found(self, company: Company, *, name: str, url: str) -> Project:
        """A new project of a company, with a secret of its own for its events."""
        project = Project(
            workspace_id=str(next(self._ids)),
            company_id=company.company_id,
            name=name,
            hooks=Hooks(url=url, secret=secrets.token_urlsafe(12)),
        )
        self.by_id[project.workspace_id] = project
        return project


def put_item(
    project: Project, kind: str, fields: Mapping[str, str], *, by: str, at: float
) -> Item:
    """A new item; whoever makes it is its creator unless another is named."""
    now = china_time(at)
    values = dict.fromkeys(FIELDS[kind], "")
    values |= {"status": next(iter(STATUSES[kind])), "iteration_id": "0"}
    values[CREATOR.get(kind, "creator")] = by
    values |= {name: people(name, text) for name, text in fields.items()}
    known = {name: values[name] for name in FIELDS[kind]}
    item = Item(
        item_id=project.next_id(), kind=kind, fields=known, created=now, modified=now
    )
    project.items[kind, item.item_id] = item
    return item


def people(name: str, text: str) -> str:
    """A people field as TAPD keeps it, each nick ended by `;`."""
    if name not in PEOPLE or name in {"creator", "reporter"}:
        return text
    nicks = [each.strip() for each in text.replace("；", ";").split(";")]
    return "".join(f"{nick};" for nick in nicks if nick)


def todo(tapd: Tapd, project: Project, account_id: str, kind: str) -> list[Item]:
    """The open items of a kind that a person owns in a project."""
    nick = tapd.accounts[account_id].nick
    done = list(STATUSES[kind])[-1]
    return [
        item
        for item in project.items.values()
        if item.kind == kind
        and item.fields["status"] != done
        and nick in item.fields[OWNER[kind]].split(";")
    ]
