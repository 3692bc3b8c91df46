"""The servers that tests and demo bring along behave as the real ones must."""

import psycopg
import redis


def test_every_test_gets_a_database_with_the_newest_schema(database: str) -> None:
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "SELECT count(*) FROM information_schema.tables WHERE table_name = 'inbox'"
        ).fetchone()

    assert rows == (1,)


def test_what_one_test_writes_no_other_sees(database: str) -> None:
    with psycopg.connect(database) as connection:
        before = connection.execute("SELECT to_regclass('left_behind')").fetchone()
        connection.execute("CREATE TABLE left_behind ()")

    assert before == (None,)


def test_what_one_test_wrote_is_gone(database: str) -> None:
    with psycopg.connect(database) as connection:
        before = connection.execute("SELECT to_regclass('left_behind')").fetchone()
        connection.execute("CREATE TABLE left_behind ()")

    assert before == (None,)


def test_a_commit_waits_for_the_log(database: str) -> None:
    with psycopg.connect(database) as connection:
        setting = connection.execute("SHOW synchronous_commit").fetchone()

    assert setting == ("on",)


def test_redis_confirms_a_write_that_is_on_disk(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.rpush("spill", "event")
        confirmed = client.execute_command("WAITAOF", 1, 0, 800)

    assert confirmed[0] == 1


def test_redis_starts_empty(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
