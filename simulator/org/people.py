"""A made-up company that looks like a real one, the same for the same seed."""

import random
from dataclasses import replace

from simulator.org.corp import Corp, Minter
from simulator.org.directory import ROOT, Department, Directory, Member, Status, Tag
from simulator.org.grant import Grant

# fmt: off
SURNAMES = (
    "王wang", "李li", "张zhang", "刘liu", "陈chen", "杨yang", "黄huang", "赵zhao",
    "吴wu", "周zhou", "徐xu", "孙sun", "马ma", "朱zhu", "胡hu", "郭guo", "何he",
    "林lin", "高gao", "罗luo", "郑zheng", "梁liang", "谢xie", "宋song", "唐tang",
    "许xu", "邓deng", "冯feng", "韩han", "曹cao", "曾zeng", "彭peng", "萧xiao",
    "蔡cai", "潘pan", "田tian", "董dong", "袁yuan",
)
GIVEN = (
    "伟wei", "芳fang", "娜na", "敏min", "静jing", "磊lei", "强qiang", "洋yang",
    "艳yan", "杰jie", "涛tao", "明ming", "超chao", "霞xia", "平ping", "刚gang",
    "桂英guiying", "文博wenbo", "子涵zihan", "欣怡xinyi", "浩然haoran",
    "雨桐yutong", "思远siyuan", "佳宁jianing", "梓轩zixuan", "晓东xiaodong",
    "丽华lihua", "建国jianguo", "志强zhiqiang", "雪梅xuemei", "俊杰junjie",
    "诗涵shihan", "宇航yuhang", "海燕haiyan", "天佑tianyou",
)
# fmt: on
POSITIONS = ("工程师", "高级工程师", "产品经理", "设计师", "测试工程师", "专员", "顾问")
# One line per top department, its teams behind the colon.
PLAN = (
    "总裁办",
    "产品中心:平台产品组 行业产品组 增长产品组 用户研究组",
    "研发中心:前端组 后端组 移动端组 数据平台组 算法组 架构组 基础设施组",
    "质量中心:功能测试组 自动化测试组 性能测试组",
    "设计中心:交互设计组 视觉设计组",
    "运维中心:网络组 安全组 数据库组",
    "销售中心:华北大区 华东大区 华南大区 西南大区",
    "市场部:品牌组 活动组",
    "客户成功部:实施组 培训组 支持组",
    "人力资源部:招聘组 薪酬组",
    "财务部",
)


def furnish(corp: Corp, *, members: int, departments: int) -> None:
    """Fill an empty corp with people, departments and two tags."""
    corp.now.put_department(
        Department(department_id=ROOT, name=corp.name, parent_id=0, order=0)
    )
    places = _departments(corp.now, corp.minter, departments)
    userids = _members(corp, places, members)
    if userids:
        corp.installer = userids[0]
        corp.admins = dict.fromkeys(userids[:1], 1)
    corp.user_max = max(200, members * 2)
    _tags(corp, userids, places)
    corp.now.grant = Grant()


def person_name(dice: random.Random) -> tuple[str, str]:
    """A Chinese name and how its owner would spell it in an address."""
    surname, given = dice.choice(SURNAMES), dice.choice(GIVEN)
    return _han(surname) + _han(given), _latin(surname) + _latin(given)


def _departments(directory: Directory, minter: Minter, number: int) -> list[int]:
    """The first ones are those of the plan, the rest numbered teams below them."""
    made: list[int] = []

    def add(name: str, parent_id: int) -> int:
        department_id = minter.department_id()
        order = 4_294_967_040 - len(made) * 1000 if made else 4_294_967_295
        directory.put_department(
            Department(
                department_id=department_id,
                name=name,
                parent_id=parent_id,
                order=max(order, 0),
            )
        )
        made.append(department_id)
        return department_id

    for line in PLAN:
        if len(made) >= number:
            break
        head, _, teams = line.partition(":")
        parent_id = add(head, ROOT)
        for team in teams.split()[: number - len(made)]:
            add(team, parent_id)
    planned = list(made)
    while len(made) < number:
        place = len(made) - len(planned)
        parent_id = made[place] if place >= len(planned) else planned[place]
        add(f"{directory.departments[parent_id].name}{place % 9 + 1}队", parent_id)
    return made


def _members(corp: Corp, places: list[int], number: int) -> list[str]:
    dice, directory = corp.minter.dice, corp.now
    homes = places or [ROOT]
    leaders: dict[int, str] = {}
    userids: list[str] = []
    for position in range(number):
        home = homes[position % len(homes)] if position < len(homes) else None
        home = home if home is not None else dice.choice(homes)
        member = _member(corp, dice, home, position, userids[-1:] or [""])
        if len(homes) > 1 and dice.random() < 0.08:
            second = dice.choice([one for one in homes[:50] if one != home])
            member = replace(member, departments=(home, second), orders=(100, 0))
        if home not in leaders:
            leaders[home] = member.userid
            member = replace(member, leads=frozenset({home}))
        else:
            member = replace(member, direct_leader=leaders[home])
        directory.put_member(member)
        userids.append(member.userid)
    return userids


def _member(
    corp: Corp, dice: random.Random, home: int, position: int, before: list[str]
) -> Member:
    name, spelt = person_name(dice)
    open_userid = corp.minter.opaque("wo")
    if position % 50 == 49 and not corp.plain_ids:
        twin = _twin(before[0])
        open_userid = twin if twin not in corp.now.members else open_userid
    return Member(
        userid=f"{spelt}{position}" if corp.plain_ids else open_userid,
        open_userid=open_userid,
        name=name,
        departments=(home,),
        orders=(100,),
        main_department=home,
        status=_status(dice, position),
        # No two corps share a person, as long as their seeds are below a thousand.
        mobile=f"19{corp.minter.seed % 1000:03d}{position:06d}",
        email=f"{spelt}{position}@corp{corp.minter.seed}.example.com",
        position=dice.choice(POSITIONS),
    )


def _twin(userid: str) -> str:
    """An id that differs from another by the case of one letter alone."""
    for place in range(len(userid) - 1, 1, -1):
        if userid[place].isalpha():
            return userid[:place] + userid[place].swapcase() + userid[place + 1 :]
    return userid


def _status(dice: random.Random, position: int) -> Status:
    """Nearly everybody is active; the first people always are."""
    if position < 5:
        return Status.ACTIVE
    return dice.choices(
        (Status.ACTIVE, Status.PENDING, Status.DISABLED, Status.QUIT),
        weights=(92, 5, 2, 1),
    )[0]


def _tags(corp: Corp, userids: list[str], places: list[int]) -> None:
    contractors = Tag(
        tag_id=corp.minter.tag_id(), name="外包人员", userids=frozenset(userids[3::40])
    )
    project = Tag(
        tag_id=corp.minter.tag_id(),
        name="项目组",
        userids=frozenset(userids[5::60]),
        department_ids=frozenset(places[4:5]),
    )
    corp.now.put_tag(contractors)
    corp.now.put_tag(project)


def _han(entry: str) -> str:
    return "".join(char for char in entry if not char.isascii())


def _latin(entry: str) -> str:
    return "".join(char for char in entry if char.isascii())
