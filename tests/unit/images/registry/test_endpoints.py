"""Where registries are, and what daemon.json says of them."""

import pytest

from pyminidocker.errors import InvalidArgument
from pyminidocker.images.registry.endpoints import (
    Endpoint,
    Settings,
    endpoints,
    is_insecure,
    load_settings,
)
from pyminidocker.images.registry.inspect import server_domain


def bases(domain: str, **settings: object) -> list[list[tuple[str, bool]]]:
    found = endpoints(domain, Settings(**settings))
    return [[(one.base, one.verify) for one in place] for place in found]


def test_the_hub_and_its_mirrors():
    assert bases("docker.io") == [[("https://registry-1.docker.io", True)]]
    mirrors = ["http://127.0.0.1:5001", "https://mirror.example/"]
    assert bases("docker.io", registry_mirrors=mirrors) == [
        [("http://127.0.0.1:5001", False)],
        [("https://mirror.example", True)],
        [("https://registry-1.docker.io", True)],
    ]
    assert endpoints("docker.io", Settings(registry_mirrors=mirrors))[0][0].is_mirror


def test_others_are_asked_by_https_only():
    assert bases("quay.example", registry_mirrors=["https://m"]) == [
        [("https://quay.example", True)]
    ]
    assert bases("quay.example:8443") == [[("https://quay.example:8443", True)]]


@pytest.mark.parametrize("domain", ["localhost", "localhost:5000", "127.0.0.1:5000", "[::1]:5000"])
def test_loopback_is_asked_by_plain_http_first(domain):
    assert bases(domain) == [[(f"http://{domain}", True), (f"https://{domain}", False)]]


def test_insecure_registries_are_asked_by_https_first():
    assert bases("lab:5000", insecure_registries=["lab:5000"]) == [
        [("https://lab:5000", False), ("http://lab:5000", True)]
    ]


@pytest.mark.parametrize(
    ("domain", "listed", "wanted"),
    [
        ("10.1.2.3:5000", ["10.0.0.0/8"], True),
        ("11.1.2.3:5000", ["10.0.0.0/8"], False),
        ("lab", ["lab"], True),
        ("lab:5000", ["lab"], True),
        ("lab:5000", ["lab:5001"], False),
        ("[fd00::1]:5000", ["fd00::/8", "junk"], True),
        ("docker.io", [], False),
    ],
)
def test_is_insecure(domain, listed, wanted):
    assert is_insecure(domain, listed) is wanted


def test_daemon_json(tmp_path):
    path = tmp_path / "daemon.json"
    assert load_settings(str(path)) == Settings()
    path.write_text('{"registry-mirrors": ["https://m"], "debug": true, "log-opts": {"a": "b"}}')
    assert load_settings(str(path)).registry_mirrors == ["https://m"]
    for wrong in ("{", '{"insecure-registries": 1}', '{"registry-mirrors": ["mirror"]}'):
        path.write_text(wrong)
        with pytest.raises(InvalidArgument, match=str(path)):
            load_settings(str(path))


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        ("", "docker.io"),
        ("https://index.docker.io/v1/", "docker.io"),
        ("docker.io", "docker.io"),
        ("127.0.0.1:5000", "127.0.0.1:5000"),
        ("http://lab:5000/v2/", "lab:5000"),
    ],
)
def test_what_clients_call_a_registry(address, wanted):
    assert server_domain(address) == wanted


def test_what_is_sent_can_be_read():
    assert Endpoint("http://x").is_open
    assert not Endpoint("https://x").is_open
