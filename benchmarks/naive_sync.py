"""A sync of the usual shape, as tutorials show it: the yardstick of having none."""

import time

import requests

from store.connecting import connect

_ANSWER_SECONDS = 60.0
_UPSERT = """
    INSERT INTO usual_members (userid, name, department, position, status)
    VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (userid) DO UPDATE SET name = excluded.name,
        department = excluded.department, position = excluded.position,
        status = excluded.status
"""


def sync_as_usual(
    database_url: str, api_url: str, *, corp_id: str, departments: int
) -> float:
    """Seconds until every member is stored: one department after the other."""
    session = requests.Session()
    with connect(database_url) as connection:
        connection.execute(
            "CREATE TABLE usual_members (userid TEXT PRIMARY KEY, name TEXT,"
            " department BIGINT[], position TEXT, status INT)"
        )
        began = time.monotonic()
        for department_id in range(1, departments + 1):
            answer = session.get(
                f"{api_url}/cgi-bin/user/list",
                params={
                    "access_token": corp_id,
                    "department_id": str(department_id),
                    "fetch_child": "1",
                },
                timeout=_ANSWER_SECONDS,
            ).json()
            for each in answer["userlist"]:
                connection.execute(
                    _UPSERT,
                    [
                        each["userid"],
                        each["name"],
                        each["department"],
                        each["position"],
                        each["status"],
                    ],
                )
        return time.monotonic() - began
