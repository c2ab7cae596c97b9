"""What only the Docker Hub does: its names, its token server, its limits, its storage elsewhere.

The engine reaches it as it would the real one, by HTTPS through a proxy.  The proxy takes every
CONNECT for its own and answers with a certificate that ``trust`` has put where the engine looks.
"""

import io
import json
import shutil
import ssl
import threading
from base64 import b64decode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, urlsplit

from tests.support.registry import digest_of, image_config, image_manifest, layer

PEM = Path(__file__).with_suffix(".pem")  # a key of no value, and a certificate for 100 years
HOSTS = ("registry-1.docker.io", "auth.docker.io", "cdn.docker.io")
USER, PASSWORD = "ada", "lovelace"
LIMIT_TEXT = (
    "You have reached your pull rate limit. You may increase the limit by authenticating and"
    " upgrading: https://www.docker.com/increase-rate-limit"
)


def trust(config: Path) -> None:
    """Have engines with this configuration directory trust the fake."""
    for host in HOSTS:
        (config / "certs.d" / host).mkdir(parents=True, exist_ok=True)
        shutil.copy(PEM, config / "certs.d" / host / "ca.crt")


class FakeHub:
    """The fake, listening; ``requests`` has (host, method, path, Authorization) of each."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, str, str]] = []
        self.layer = layer(hello="from the hub\n")
        self.config = image_config(self.layer, Cmd=["true"])
        self.manifest = json.dumps(image_manifest(self.config, self.layer)).encode()
        hub = self

        class Handler(_Handler):
            owner = hub

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.proxy = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def asked(self, host: str) -> list[tuple[str, str, str, str]]:
        return [request for request in self.requests if request[0] == host]


class _Handler(BaseHTTPRequestHandler):
    owner: FakeHub
    protocol_version = "HTTP/1.1"
    host = ""

    def do_CONNECT(self) -> None:
        self.host = self.path.partition(":")[0]
        self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(PEM)
        try:
            self.connection = context.wrap_socket(self.request, server_side=True)
            self.rfile = self.connection.makefile("rb")
            self.wfile = self.connection.makefile("wb", buffering=0)
            self.close_connection = False
            while not self.close_connection:
                self.handle_one_request()
        except OSError:
            pass  # the other side did not like the certificate
        finally:
            for one in (self.rfile, self.wfile, self.connection):
                one.close()
            self.wfile = io.BytesIO()  # the server's own handler flushes it once more
        self.close_connection = True

    def do_GET(self) -> None:
        allowed = self.headers.get("Authorization", "")
        self.owner.requests.append((self.host, self.command, self.path, allowed))
        if self.host == "auth.docker.io":
            self._token(allowed)
        elif self.host == "cdn.docker.io":
            self._answer(200, self._blobs()[self.path.removeprefix("/data/")])
        else:
            self._registry(allowed)

    do_HEAD = do_GET

    def _token(self, allowed: str) -> None:
        query = parse_qs(urlsplit(self.path).query)
        assert query["service"] == ["registry.docker.io"]
        who = "anonymous"
        if allowed:
            who, _, password = b64decode(allowed.removeprefix("Basic ")).decode().partition(":")
            if (who, password) != (USER, PASSWORD):
                self._json(401, {"details": "incorrect username or password"})
                return
        self._json(200, {"token": " ".join([who, *query.get("scope", [])]), "expires_in": 300})

    def _registry(self, allowed: str) -> None:
        if not allowed:
            challenge = 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"'
            self._error(401, "UNAUTHORIZED", "authentication required", challenge)
            return
        who, _, _scope = allowed.removeprefix("Bearer ").partition(" ")
        _, _, rest = self.path.partition("/v2/")
        name, _, what = rest.partition("/manifests/" if "/manifests/" in rest else "/blobs/")
        if not rest:
            self._json(200, {})
        elif name == "library/limited":
            self._error(429, "TOOMANYREQUESTS", LIMIT_TEXT)
        elif name == "library/nosuch" or (name.startswith("ada/") and who != USER):
            challenge = 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"'
            self._error(401, "UNAUTHORIZED", "authentication required", challenge)
        elif "/blobs/" in rest:
            self._answer(307, b"", Location=f"https://cdn.docker.io/data/{what}")
        elif what in ("latest", digest_of(self.owner.manifest)):
            kind = json.loads(self.owner.manifest)["mediaType"]
            self._answer(200, self.owner.manifest, Content_Type=kind)
        else:
            self._error(404, "MANIFEST_UNKNOWN", "manifest unknown")

    def _blobs(self) -> dict[str, bytes]:
        return {digest_of(data): data for data in (self.owner.layer, self.owner.config)}

    def _json(self, status: int, value: object, **headers: str) -> None:
        self._answer(status, json.dumps(value).encode(), Content_Type="application/json", **headers)

    def _error(self, status: int, code: str, message: str, challenge: str = "") -> None:
        more = {"WWW_Authenticate": challenge} if challenge else {}
        self._json(status, {"errors": [{"code": code, "message": message}]}, **more)

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass
