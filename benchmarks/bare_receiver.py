"""The least that a durable receiver does: a route with one INSERT, nothing checked."""

import os

from flask import Flask, request
from psycopg_pool import ConnectionPool


def create_app() -> Flask:
    """A Flask application as bare as one can be that keeps what it is sent."""
    pool = ConnectionPool(
        os.environ["DATABASE_URL"],
        kwargs={"autocommit": True},
        min_size=2,
        max_size=6,
        open=True,
    )
    app = Flask(__name__, static_folder=None)

    @app.post("/wecom/command")
    @app.post("/wecom/data")
    def take() -> str:
        body = request.get_data()
        with pool.connection() as connection:
            connection.execute(
                "INSERT INTO bare_inbox (body) VALUES (%s)", [body], prepare=True
            )
        return "success"

    @app.get("/healthz")
    def alive() -> str:
        with pool.connection() as connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS bare_inbox (id BIGINT GENERATED ALWAYS"
                " AS IDENTITY PRIMARY KEY, body BYTEA NOT NULL)"
            )
        return "alive"

    return app
