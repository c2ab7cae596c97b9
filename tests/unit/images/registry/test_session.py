"""Finding the way to a registry, while other threads do the same."""

from pyminidocker.images.registry.endpoints import Endpoint
from pyminidocker.images.registry.session import Session
from tests.unit.images.registry.test_auth import Answer

OPEN, TLS = Endpoint("http://localhost:5000"), Endpoint("https://localhost:5000")


def test_another_thread_finds_the_way_first():
    """Plain HTTP to a TLS server is answered with 400, which is no answer of the registry."""

    class Http:
        def request(self, _method, url, *_, **__):
            if url.startswith("https:"):
                return Answer(200, b"{}")
            session.way = TLS  # what the other thread does meanwhile
            return Answer(400, b"Client sent an HTTP request to an HTTPS server.")

    session = Session(Http(), [OPEN, TLS])
    assert session.request("GET", "/v2/").status == 200
    assert session.way is TLS
