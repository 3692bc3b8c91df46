"""A web application over real stores, and rows put straight into them."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from flask.testing import FlaskClient
from flask_openapi3.openapi import OpenAPI
from psycopg.types.json import Jsonb

from settings import Settings, load
from store.sealing import Keyring, new_data_key
from tests.support.processes.compiled import TEMPLATES
from web.app import create_app
from web.http.cookies import Cookie
from web.services import Services

API_TOKEN = "a-synthetic-api-token-of-32-characters"
SECRET_KEY = bytes(range(32))
BEARER = {"Authorization": f"Bearer {API_TOKEN}"}


def web_environment(*, database: str, redis_url: str, **others: str) -> dict[str, str]:
    """What a process that uses these stores finds; everything else is synthetic."""
    return {
        "DATABASE_URL": database,
        "REDIS_URL": redis_url,
        "PUBLIC_URL": "http://sync.example",
        "SECRET_KEYS": base64.b64encode(SECRET_KEY).decode(),
        "API_TOKEN": API_TOKEN,
        "WECOM_SUITE_ID": "wwsuite",
        "WECOM_SUITE_SECRET": "synthetic",
        "WECOM_TOKEN": "synthetic",
        "WECOM_ENCODING_AES_KEY": "a" * 43,
        "WECOM_PROVIDER_CORP_ID": "wwprovider",
        "WECOM_PROVIDER_SECRET": "synthetic",
        "TAPD_CLIENT_ID": "",
        "TAPD_CLIENT_SECRET": "",
        **others,
    }


def web_settings(*, database: str, redis_url: str, **others: str) -> Settings:
    """Settings that name these stores."""
    return load(web_environment(database=database, redis_url=redis_url, **others))


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """The application, a client with the bearer, and a connection for rows."""

    app: OpenAPI
    client: FlaskClient
    rows: psycopg.Connection[Any]

    def get(self, path: str, **query: object) -> Any:
        """The JSON that a GET with the bearer answers."""
        answer = self.client.get(f"/api/v1{path}", query_string=query, headers=BEARER)
        assert answer.status_code == 200, answer.text
        return answer.get_json()

    def status(self, path: str, **query: object) -> int:
        """The status of a GET with the bearer."""
        return self.client.get(
            f"/api/v1{path}", query_string=query, headers=BEARER
        ).status_code

    def post(self, path: str, **headers: str) -> Any:
        """The answer to a POST with the bearer."""
        return self.client.post(f"/api/v1{path}", headers={**BEARER, **headers})


@contextmanager
def open_web(*, database: str, redis_url: str, **others: str) -> Iterator[Web]:
    """The web over these stores; its connections are closed at the end."""
    app = create_app(web_settings(database=database, redis_url=redis_url, **others))
    app.jinja_env.bytecode_cache = TEMPLATES
    services: Services = app.extensions["sync-services"]
    with psycopg.connect(database, autocommit=True) as rows:
        yield Web(app=app, client=app.test_client(), rows=rows)
    services.redis.close()
    services.pool.close()


def cookies_of(client: FlaskClient) -> dict[str, str]:
    """What a browser keeps of ours, by name."""
    kept = {each: client.get_cookie(each) for each in Cookie}
    return {str(name): cookie.value for name, cookie in kept.items() if cookie}


def keyring() -> Keyring:
    """The keys of the settings above."""
    return Keyring((SECRET_KEY,))


def add_corp(rows: psycopg.Connection[Any], corp_id: str, **fields: Any) -> int:
    """A corp, linked to a company of its own unless said otherwise; its key."""
    state = fields.pop("state", "linked")
    company_id = fields.pop("company_id", f"company-{corp_id}-{state}")
    insert(rows, "companies", company_id=company_id, name="Example", origin="tapd")
    returned = insert(
        rows,
        "corps",
        returning="corp_pk",
        corp_id=corp_id,
        state=state,
        company_id=company_id,
        **fields,
    )
    return int(returned)


def add_department(
    rows: psycopg.Connection[Any], corp_pk: int, department_id: int, **fields: Any
) -> None:
    """A department, a root unless its parent is named."""
    values = {"parent_id": 0, "sort_order": 0, "fingerprint": b"", **fields}
    insert(rows, "departments", corp_pk=corp_pk, department_id=department_id, **values)


def add_member(
    rows: psycopg.Connection[Any], corp_pk: int, userid: str, **fields: Any
) -> int:
    """A working member of no department unless said otherwise; the key."""
    departments = fields.pop("departments", [])
    values = {
        "activation": "active",
        "employment": "working",
        "grounds": ["direct"],
        "department_ids": departments,
        "department_orders": [0] * len(departments),
        "fingerprint": b"",
        **fields,
    }
    returned = insert(
        rows, "members", returning="member_pk", corp_pk=corp_pk, userid=userid, **values
    )
    return int(returned)


def add_event(
    rows: psycopg.Connection[Any], mailbox: str, state: str, **fields: Any
) -> int:
    """An event about a member unless said otherwise; its id."""
    values = {"kind": "change_contact", "key": "member:zhang", **fields}
    returned = insert(
        rows, "inbox", returning="event_id", mailbox=mailbox, state=state, **values
    )
    return int(returned)


def add_line(rows: psycopg.Connection[Any], corp_pk: int, **fields: Any) -> int:
    """A journal line: somebody joined, unless said otherwise; its id."""
    values = {
        "cause": "mail",
        "decision": "AddMember",
        "key": "member:zhang",
        "reason": "event",
        "before": {},
        "after": {},
        **fields,
    }
    returned = insert(rows, "journal", returning="line_id", corp_pk=corp_pk, **values)
    return int(returned)


def add_run(
    rows: psycopg.Connection[Any], corp_pk: int, run_id: str, **fields: Any
) -> None:
    """A run that is done unless said otherwise."""
    values = {"cause": "operator", "state": "done", **fields}
    insert(rows, "runs", corp_pk=corp_pk, run_id=run_id, **values)


def insert(
    rows: psycopg.Connection[Any], table: str, returning: str = "1", **fields: Any
) -> Any:
    """Put one row in and return a column of it."""
    names = ", ".join(fields)
    marks = ", ".join(["%s"] * len(fields))
    values = [Jsonb(v) if isinstance(v, dict) else v for v in fields.values()]
    query = f"INSERT INTO {table} ({names}) VALUES ({marks}) RETURNING {returning}"  # noqa: S608 - names written in tests
    return rows.execute(query.encode(), values).fetchall()[0][0]


def give_key(rows: psycopg.Connection[Any], corp_pk: int) -> None:
    """A data key of its own, as every linked corp has one."""
    sealed = Keyring((SECRET_KEY,)).seal(new_data_key(), place=f"data_key:{corp_pk}")
    rows.execute("UPDATE corps SET data_key = %s WHERE corp_pk = %s", [sealed, corp_pk])
