"""Which hosts are reached through a proxy: the rules of Go's httpproxy."""

import pytest

from pyminidocker.errors import InvalidArgument
from pyminidocker.images.registry.proxies import Proxies, Proxy

PROXY = "http://proxy.example:3128"


@pytest.mark.parametrize(
    ("exceptions", "host", "port", "is_direct"),
    [
        ("", "registry-1.docker.io", 443, False),
        ("", "localhost", 5000, True),
        ("", "127.0.0.1", 5000, True),
        ("", "127.9.9.9", 5000, True),
        ("", "::1", 5000, True),
        ("*", "example.org", 443, True),
        ("example.org", "example.org", 443, True),
        ("example.org", "sub.example.org", 443, True),
        ("example.org", "notexample.org", 443, False),
        (".example.org", "example.org", 443, False),
        (".example.org", "sub.example.org", 443, True),
        ("*.example.org", "sub.example.org", 443, True),
        ("example.org:5000", "example.org", 5000, True),
        ("example.org:5000", "example.org", 443, False),
        ("10.0.0.0/8", "10.1.2.3", 443, True),
        ("10.0.0.0/8", "11.1.2.3", 443, False),
        ("10.1.2.3", "10.1.2.3", 443, True),
        ("fd00::/8", "fd00::5", 443, True),
        ("a.example, B.Example ", "b.example", 443, True),
        ("nonsense/99", "10.1.2.3", 443, False),
    ],
)
def test_exceptions(exceptions, host, port, is_direct):
    found = Proxies(PROXY, PROXY, exceptions).of("https", host, port)
    assert found == (None if is_direct else Proxy("proxy.example", 3128))


def test_which_proxy():
    proxies = Proxies("http://a:1", "b:2", "")
    assert proxies.of("http", "x.example", 80) == Proxy("a", 1)
    assert proxies.of("https", "x.example", 443) == Proxy("b", 2)
    assert Proxies("", PROXY).of("http", "x.example", 80) is None


def test_name_and_password():
    found = Proxies(https="http://ada:p%40ss@proxy:1").of("https", "x.example", 443)
    assert found is not None
    assert found.headers() == {"Proxy-Authorization": "Basic YWRhOnBAc3M="}
    assert Proxy("proxy", 1).headers() == {}


@pytest.mark.parametrize("text", ["https://proxy:1", "socks5://proxy:1", "http://", "http://x:y"])
def test_what_is_no_proxy(text):
    with pytest.raises(InvalidArgument, match="invalid proxy address"):
        Proxies(https=text).of("https", "x.example", 443)


def test_daemon_json_comes_before_the_environment():
    environment = {"HTTPS_PROXY": "http://env:1", "no_proxy": "inside.example"}
    of_environment = Proxies.of_environment({}, environment)
    assert of_environment.of("https", "x.example", 443) == Proxy("env", 1)
    assert of_environment.of("https", "inside.example", 443) is None
    both = Proxies.of_environment({"https-proxy": "http://file:2"}, environment)
    assert both.of("https", "x.example", 443) == Proxy("file", 2)


def test_a_password_is_not_told():
    with pytest.raises(InvalidArgument) as caught:
        Proxies(https="socks5://ada:secret@proxy:1").of("https", "x.example", 443)
    assert "secret" not in str(caught.value)
    assert "proxy:1" in str(caught.value)
    assert "secret" not in repr(Proxy("proxy", 1, "ada:secret"))
