"""Blobs on their way out, to registries that forget, refuse and break off."""

import threading

import pytest

from pyminidocker.images.registry.attempts import Attempts
from pyminidocker.images.registry.failures import Broken, Refused, Unauthorized
from pyminidocker.images.registry.uploads import Upload

DATA = bytes(100_000)
DIGEST = f"sha256:{'5' * 64}"


class Answer:
    def __init__(self, status: int, **headers: str) -> None:
        self.status, self.headers = status, headers

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def close(self):
        pass


class Registry:
    """Plays a registry's session: what a method's ``answers`` are, one after the other.

    The last one is given again and again.
    """

    def __init__(self, **answers) -> None:
        self._answers = {name: [*given] for name, given in answers.items()}
        self.asked: list[str] = []

    def request(self, method, _path, _scopes, *, body=None, **_):
        self.asked.append(method)
        for _piece in body() if callable(body) else ():
            pass
        given = self._answers[method]
        answer = given.pop(0) if len(given) > 1 else given[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def absolute(self, _response, location):
        return location


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr("pyminidocker.images.registry.attempts._FIRST_PAUSE_S", 0.0001)


def upload_to(registry) -> Upload:
    return Upload(registry, "team/app", DIGEST, Attempts(4, threading.Event()))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "blob"
    path.write_bytes(DATA)
    return str(path)


def test_a_registry_that_forgets_every_upload(file):
    """It is believed so often and no more."""
    registry = Registry(
        POST=[Answer(202, location="/u/1")],
        PATCH=[Refused("blob upload unknown", 404)],
        HEAD=[Answer(404)],
    )
    with pytest.raises(Refused, match="blob upload unknown"):
        upload_to(registry).send(file, len(DATA), lambda _: None)
    assert registry.asked.count("POST") == 4


def test_a_registry_that_forgot_once(file):
    """As docker-registry, whose uploads do not outlive a broken connection."""
    registry = Registry(
        POST=[Answer(202, location="/u/1")],
        PATCH=[Broken("cut"), Answer(202)],
        GET=[Refused("blob upload unknown", 404)],
        HEAD=[Answer(404)],
        PUT=[Answer(201)],
    )
    upload_to(registry).send(file, len(DATA), lambda _: None)
    assert registry.asked == ["POST", "PATCH", "GET", "HEAD", "POST", "PATCH", "PUT"]


@pytest.mark.parametrize("end", ["", "x", "0-", f"0-{'9' * 5000}", "bytes=0-0"])
def test_a_place_that_makes_no_sense(file, end):
    """Then it goes on from the beginning."""
    registry = Registry(
        POST=[Answer(202, location="/u/1")],
        PATCH=[Broken("cut"), Answer(202)],
        GET=[Answer(204, range=end)],
        PUT=[Answer(201)],
    )
    upload_to(registry).send(file, len(DATA), lambda _: None)
    assert registry.asked == ["POST", "PATCH", "GET", "PATCH", "PUT"]


@pytest.mark.parametrize(
    "why", [Refused("denied", 403), Unauthorized("no such scope for you"), Broken("cut")]
)
def test_what_cannot_be_mounted_is_sent(why):
    assert not upload_to(Registry(POST=[why])).mount("secret/app")
