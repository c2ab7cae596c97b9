"""docker's config.json: what is found in it, what is written, helpers."""

import base64
import json
import os
import threading

import pytest

from pyminidocker.client import credentials
from pyminidocker.errors import InvalidArgument, Unavailable


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return tmp_path / "config.json"


@pytest.mark.parametrize(
    ("server", "key"),
    [
        ("", credentials.HUB),
        ("docker.io", credentials.HUB),
        ("https://index.docker.io/v1/", credentials.HUB),
        ("localhost:5000", "localhost:5000"),
        ("https://lab.example/v2/", "lab.example"),
    ],
)
def test_keys(server, key):
    assert credentials.server_key(server) == key


def test_keys_of_images():
    assert credentials.key_of_image("busybox") == credentials.HUB
    assert credentials.key_of_image("127.0.0.1:5000/a/b:1") == "127.0.0.1:5000"


def test_nothing_is_known(config):
    assert credentials.find("lab:5000") == {}
    assert credentials.header_of({}) == ()
    assert not credentials.erase("lab:5000")
    assert not config.exists()


def test_kept_and_found_again(config):
    """Everything else in the file stays as it is."""
    config.write_text('{"detachKeys": "ctrl-q", "auths": {"other": {"auth": "eDp5"}}}')
    where = credentials.store("lab:5000", {"username": "ada", "password": "a:b"})
    assert where == str(config)
    kept = json.loads(config.read_text())
    assert kept["detachKeys"] == "ctrl-q"
    assert list(kept["auths"]) == ["other", "lab:5000"]
    assert config.stat().st_mode & 0o777 == 0o600
    wanted = {"username": "ada", "password": "a:b", "serveraddress": "lab:5000"}
    assert credentials.find("lab:5000") == wanted
    [(name, value)] = credentials.header_of(wanted)
    assert name == "X-Registry-Auth"
    assert json.loads(base64.urlsafe_b64decode(value)) == wanted
    assert credentials.find("other")["password"] == "y"
    assert credentials.erase("lab:5000")
    assert credentials.find("lab:5000") == {}
    assert credentials.find("other")["username"] == "x"


def test_a_link_stays_a_link(config, tmp_path):
    (tmp_path / "real").mkdir()
    config.symlink_to(tmp_path / "real/config.json")
    credentials.store("lab", {"username": "ada", "password": "x"})
    assert config.is_symlink()
    assert (tmp_path / "real/config.json").exists()


def test_identity_tokens(config):
    credentials.store("lab", {"username": "ada", "password": "x", "identitytoken": "t"})
    assert (
        "x" not in base64.b64decode(json.loads(config.read_text())["auths"]["lab"]["auth"]).decode()
    )
    assert credentials.find("lab")["identitytoken"] == "t"


def test_urls_as_keys(config):
    config.write_text('{"auths": {"https://lab.example/v1/": {"auth": "eDp5"}, "empty": {}}}')
    assert credentials.find("lab.example")["username"] == "x"
    assert credentials.find("empty") == {}


@pytest.mark.parametrize("text", ["{", "[]", '{"auths": {"lab": {"auth": "%%%"}}}'])
def test_damaged(config, text):
    config.write_text(text)
    with pytest.raises(InvalidArgument, match=str(config)):
        credentials.find("lab")


HELPER = """#!/bin/sh
cat > "$0.$1.in"
case $1 in
get) case $(cat "$0.get.in") in
     lab) echo '{"ServerURL": "lab", "Username": "ada", "Secret": "x"}' ;;
     token) echo '{"Username": "<token>", "Secret": "t"}' ;;
     broken) echo "the key ring is locked"; exit 1 ;;
     *) echo "credentials not found in native keychain"; exit 1 ;;
     esac ;;
esac
"""


def test_helpers(config, tmp_path, monkeypatch):
    program = tmp_path / "docker-credential-ring"
    program.write_text(HELPER)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    config.write_text('{"credHelpers": {"lab": "ring"}, "credsStore": "ring"}')
    assert credentials.find("lab")["password"] == "x"
    assert credentials.find("token")["identitytoken"] == "t"
    assert credentials.find("nobody") == {}
    with pytest.raises(Unavailable, match="key ring is locked"):
        credentials.find("broken")
    assert credentials.store("new", {"username": "b", "password": "c"}) == "docker-credential-ring"
    kept = json.loads((tmp_path / "docker-credential-ring.store.in").read_text())
    assert kept == {"ServerURL": "new", "Username": "b", "Secret": "c"}
    assert json.loads(config.read_text())["auths"] == {"new": {}}
    assert credentials.erase("new")
    assert (tmp_path / "docker-credential-ring.erase.in").read_text() == "new"


def test_a_helper_that_is_not_installed(config):
    config.write_text('{"credsStore": "nosuch"}')
    with pytest.raises(Unavailable, match="docker-credential-nosuch is not installed"):
        credentials.find("lab")


@pytest.mark.parametrize("text", ['{"auths": ["x"]}', '{"auths": 5}', '{"credHelpers": "x"}'])
def test_sections_of_another_kind(config, text):
    config.write_text(text)
    with pytest.raises(InvalidArgument, match="cannot be used"):
        credentials.find("lab:5000")
    assert credentials.find_all() == {}


def test_an_entry_that_is_no_text(config):
    config.write_text('{"auths": {"lab:5000": {"auth": 5}}}')
    with pytest.raises(InvalidArgument, match="is damaged"):
        credentials.find("lab:5000")


@pytest.mark.parametrize("answer", ["no JSON", "[]", '"x"'])
def test_a_helper_that_talks_nonsense(config, tmp_path, monkeypatch, answer):
    helper = tmp_path / "docker-credential-mad"
    helper.write_text(f"#!/bin/sh\necho '{answer}'\n")
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    config.write_text('{"credsStore": "mad"}')
    with pytest.raises(Unavailable, match="docker-credential-mad get: "):
        credentials.find("lab:5000")


def test_what_a_killed_login_left_is_in_nobodys_way(config):
    """Nor do two logins of one process meet, as in a notebook."""
    left = config.with_name(f"config.json.{os.getpid()}")
    left.write_text("half")
    credentials.store("lab:5000", {"username": "ada", "password": "x"})
    assert credentials.find("lab:5000")["password"] == "x"
    assert config.stat().st_mode & 0o777 == 0o600


def test_a_file_that_others_could_read(config):
    config.write_text("{}")
    config.chmod(0o644)
    credentials.store("lab:5000", {"username": "ada", "password": "x"})
    assert config.stat().st_mode & 0o777 == 0o600


def test_two_logins_at_once(config):
    """Each one's entry is there afterwards."""
    names = [f"lab{number}:5000" for number in range(16)]
    threads = [
        threading.Thread(target=credentials.store, args=(name, {"username": name, "password": "x"}))
        for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(json.loads(config.read_text())["auths"]) == sorted(names)
