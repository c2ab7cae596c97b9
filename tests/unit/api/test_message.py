import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyminidocker.api.message import Request, parse_query, unquote
from pyminidocker.api.router import Router
from pyminidocker.api.routes.table import build_router
from pyminidocker.api.schema.create import CreateBody
from pyminidocker.client.transport import quote
from pyminidocker.errors import InvalidArgument, NotFound
from pyminidocker.framing.http import Head


class Body:
    def __init__(self, data=b""):
        self.data = data

    async def read(self, limit):
        return self.data


def request(target, method="GET", body=b""):
    return Request(Head(method, target, {}), Body(body))


@given(st.text())
def test_what_the_client_quotes_the_server_reads(text):
    assert unquote(quote(text)) == text
    assert parse_query(f"a={quote(text)}&b") == [("a", text), ("b", "")]


def test_broken_escapes_stay():
    assert unquote("100%") == "100%"
    assert unquote("%zz%4") == "%zz%4"
    assert unquote("%e9") == "\ufffd"
    assert parse_query("a=1+2&&b=%2B") == [("a", "1 2"), ("b", "+")]


def test_flags_and_numbers():
    asked = request("/x?a=1&b=0&c=&d=no&e=True&n=12&m=x")
    assert [asked.flag(key) for key in "abcdef"] == [True, False, False, False, True, False]
    assert asked.flag("f", default=True)
    assert asked.number("n") == 12
    assert asked.number("z", 3) == 3
    with pytest.raises(InvalidArgument, match="parameter m"):
        asked.number("m")


def test_filters_in_both_forms():
    asked = request('/x?filters={"status":["exited"],"label":{"a=b":true,"c":false}}')
    assert asked.filters() == {"status": ["exited"], "label": ["a=b"]}
    assert request("/x").filters() == {}
    with pytest.raises(InvalidArgument, match="invalid filter"):
        request("/x?filters=x").filters()


@pytest.mark.parametrize("body", [b'{"Image":', b"[]", b'{"Image": 3}'])
def test_bad_documents(body):
    with pytest.raises(InvalidArgument, match="invalid JSON"):
        asyncio.run(request("/x", "POST", body).document(CreateBody))


def handlers(*routes):
    return Router((method, pattern, f"{method} {pattern}") for method, pattern in routes)


def test_router_finds_names_with_slashes():
    router = handlers(
        ("GET", "/images/json"),
        ("GET", "/images/{name}/json"),
        ("DELETE", "/images/{name}"),
        ("POST", "/exec/{name}/start"),
    )
    for method, target, handler, name in [
        ("GET", "/images/json", "GET /images/json", ""),
        ("GET", "/v1.41/images/a/b:1/json", "GET /images/{name}/json", "a/b:1"),
        ("DELETE", "/v1.30/images/a/json", "DELETE /images/{name}", "a/json"),
        ("POST", "/exec/1/start?x=y", "POST /exec/{name}/start", "1"),
    ]:
        asked = request(target, method)
        assert router.find(asked) == handler
        assert asked.name == name
        assert asked.versioned == target.startswith("/v1")


@pytest.mark.parametrize("target", ["/", "/images", "/images/", "/nosuch/x/json", "/v1.41"])
def test_router_knows_no_such_page(target):
    with pytest.raises(NotFound, match="page not found"):
        handlers(("GET", "/images/json"), ("GET", "/images/{name}/json")).find(request(target))


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (
            "/v1.99/info",
            "client version 1.99 is too new. Maximum supported API version is 1.41",
        ),
        (
            "/v1.1/info",
            (
                "client version 1.1 is too old. Minimum supported API version is 1.24,"
                " please upgrade your client to a newer version"
            ),
        ),
    ],
)
def test_versions(target, message):
    with pytest.raises(InvalidArgument) as caught:
        build_router().find(request(target))
    assert str(caught.value) == message


def test_no_route_twice():
    with pytest.raises(ValueError, match="two handlers"):
        handlers(("GET", "/a"), ("GET", "/a"))
    with pytest.raises(ValueError, match="two handlers"):
        handlers(("GET", "/a/{name}"), ("GET", "/a/{name}"))
