"""What an application is told of a request, and what its answer looks like."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from flask import Flask, Response, request

from serving.parsing import Request, RequestReader
from serving.wsgi import Answer, App, Environ, environ_of

PEER, LOCAL = ("203.0.113.7", 50_000), ("10.0.0.1", 8000)


def _asked(data: bytes, *, limit: int = 1000) -> Request:
    [asked] = RequestReader(lambda _target: limit).feed(data)
    return asked


def _environ(data: bytes, *, limit: int = 1000) -> Environ:
    return environ_of(_asked(data, limit=limit), peer=PEER, local=LOCAL)


def _answered(
    app: App, data: bytes, *, is_stopping: bool = False
) -> tuple[list[bytes], bytes, bool]:
    """Parts sent on the way, what remains to be sent, and whether it is the last."""
    asked, sent = _asked(data), list[bytes]()
    answer = Answer(asked, sent.append)
    parts = app(environ_of(asked, peer=PEER, local=LOCAL), answer.start_response)
    rest = answer.finish(parts, is_stopping=is_stopping)
    return sent, rest, answer.is_last


def _app(view: Callable[[], Response]) -> App:
    app = Flask(__name__)
    app.add_url_rule("/", view_func=view)
    return app


def _parts(*parts: bytes) -> App:
    def app(_environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/event-stream")])
        return iter(parts)

    return app


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/a/b?c=d&e", "/a/b", "c=d&e"),
        (b"/a%2Fb%20?x=%20", "/a/b ", "x=%20"),
        (b"http://sync.example.com/a?b", "/a", "b"),
        (b"http://sync.example.com", "", ""),
        (b"/a#b?c", "/a", ""),
        (b"*", "", ""),
        (b"/%E4%BA%BA", "/人".encode().decode("latin-1"), ""),
    ],
)
def test_a_target_is_parted_into_path_and_query(
    target: bytes, path: str, query: str
) -> None:
    method = b"OPTIONS " if target == b"*" else b"GET "

    environ = _environ(method + target + b" HTTP/1.1\r\n\r\n")

    assert (environ["PATH_INFO"], environ["QUERY_STRING"]) == (path, query)


def test_headers_that_come_twice_are_one_list_and_underscores_are_no_hyphens() -> None:
    environ = _environ(
        b"GET / HTTP/1.1\r\nX-Forwarded-For: a\r\nX-Forwarded-For: b\r\n"
        b"X_Forwarded_For: c\r\nCookie: d=e\r\nCookie: f=g\r\n"
        b"Content-Type: text/a\r\nContent-Type: text/b\r\n\r\n"
    )

    assert environ["HTTP_X_FORWARDED_FOR"] == "a,b"
    assert environ["HTTP_COOKIE"] == "d=e;f=g"
    assert environ["CONTENT_TYPE"] == "text/a"


def test_no_header_stands_for_what_the_server_says() -> None:
    environ = _environ(b"GET / HTTP/1.1\r\nRemote-Addr: 1\r\nWsgi.Input: 2\r\n\r\n")

    assert environ["REMOTE_ADDR"] == PEER[0]
    assert environ["wsgi.input"].read() == b""


def test_chunks_arrive_as_one_body_of_a_known_length() -> None:
    environ = _environ(
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    )

    assert environ["wsgi.input"].read() == b"abcde"
    assert environ["CONTENT_LENGTH"] == "5"
    assert "HTTP_TRANSFER_ENCODING" not in environ


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 11\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nB\r\nabcdefghijk",
    ],
)
def test_of_a_body_that_is_too_long_only_the_length_is_told(framing: bytes) -> None:
    environ = _environ(b"POST / HTTP/1.1\r\n" + framing, limit=10)

    assert environ["wsgi.input"].read() == b""
    assert environ["CONTENT_LENGTH"] == "11"


def test_an_answer_of_known_length_is_sent_as_one() -> None:
    sent, rest, is_last = _answered(
        _app(lambda: Response("hello")), b"GET / HTTP/1.1\r\n\r\n"
    )

    assert sent == []
    assert b"\r\nContent-Length: 5\r\n" in rest
    assert rest.endswith(b"\r\n\r\nhello")
    assert not is_last


def test_a_head_has_the_length_and_no_body() -> None:
    _, rest, _ = _answered(_app(lambda: Response("hello")), b"HEAD / HTTP/1.1\r\n\r\n")

    assert b"\r\nContent-Length: 5\r\n" in rest
    assert rest.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_that_may_have_no_body_has_none(status: int) -> None:
    _, rest, _ = _answered(
        _app(lambda: Response(status=status)), b"GET / HTTP/1.1\r\n\r\n"
    )

    assert rest.startswith(b"HTTP/1.1 %d " % status)
    assert rest.endswith(b"\r\n\r\n")
    assert b"Transfer-Encoding" not in rest


def test_a_stream_is_sent_part_by_part_as_it_comes() -> None:
    sent, rest, is_last = _answered(
        _parts(b"data: 1\n\n", b"", b"data: 2\n\n"), b"GET / HTTP/1.1\r\n\r\n"
    )

    assert len(sent) == 2
    assert b"\r\nTransfer-Encoding: chunked\r\n" in sent[0]
    assert sent[0].endswith(b"\r\n\r\n9\r\ndata: 1\n\n\r\n")
    assert (sent[1], rest) == (b"9\r\ndata: 2\n\n\r\n", b"0\r\n\r\n")
    assert not is_last


def test_a_stream_to_an_old_client_ends_with_the_connection() -> None:
    sent, rest, is_last = _answered(_parts(b"a", b"b"), b"GET / HTTP/1.0\r\n\r\n")

    assert b"\r\nConnection: close\r\n" in sent[0]
    assert sent[0].endswith(b"\r\n\r\na")
    assert (sent[1], rest, is_last) == (b"b", b"", True)


@pytest.mark.parametrize(
    ("data", "is_stopping", "said"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", False, b""),
        (b"GET / HTTP/1.1\r\n\r\n", True, b"close"),
        (b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", False, b"close"),
        (b"GET / HTTP/1.0\r\n\r\n", False, b"close"),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", False, b"keep-alive"),
    ],
)
def test_an_answer_says_whether_the_connection_stays(
    data: bytes, is_stopping: bool, said: bytes
) -> None:
    _, rest, is_last = _answered(
        _app(lambda: Response("x")), data, is_stopping=is_stopping
    )

    assert (b"Connection: " + said in rest) == (said != b"")
    assert is_last == (said == b"close")


def test_a_view_reads_the_form_that_was_sent() -> None:
    found: dict[str, str] = {}

    def view() -> Response:
        found.update(request.form)
        return Response("")

    app = Flask(__name__)
    app.add_url_rule("/", view_func=view, methods=["POST"])
    _answered(
        app,
        b"POST / HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: 7\r\n\r\na=b&c=d",
    )

    assert found == {"a": "b", "c": "d"}


def test_parts_are_taken_only_as_they_are_sent() -> None:
    taken = list[int]()

    def parts() -> Iterator[bytes]:
        for number in range(3):
            taken.append(number)
            yield b"x"

    def app(_environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [])
        return parts()

    seen = list[int]()
    asked = _asked(b"GET / HTTP/1.1\r\n\r\n")
    answer = Answer(asked, lambda _part: seen.append(len(taken)))
    answer.finish(
        app(environ_of(asked, peer=PEER, local=LOCAL), answer.start_response),
        is_stopping=False,
    )

    assert seen == [1, 2, 3]
