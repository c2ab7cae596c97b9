"""The registry when connections break, processes are killed, and a whole class comes at once."""

import hashlib
import os
import resource
import socket
import threading
from pathlib import Path

import pyminidocker
from pyminidocker.client.registry_start import REGISTRIES
from tests.support import registry as support
from tests.support.processes import kill
from tests.support.registry import Caller, arrived, begin, digest_of, image_config, layer
from tests.support.talker import until

alone = support.alone

# -- removal -------------------------------------------------------------------------------------


def files_in(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_what_is_removed_leaves_the_disk_with_the_last_who_has_it(alone):
    registry, call = alone
    content = layer(x="shared")
    digest = call.push_image("one", "a", content)
    call.push_image("one", "b", content)
    call.push_image("two", "a", content)
    assert call("DELETE", "/v2/one/manifests/b").status == 202
    assert call("GET", "/v2/one/tags/list").json["tags"] == ["a"]
    other = call.push_image("two", "other", content, Cmd=["other"])
    blobs = (digest_of(content), digest_of(image_config(content)))
    assert call("DELETE", f"/v2/one/manifests/{digest}").status == 202
    for blob in blobs:
        assert call("GET", f"/v2/one/blobs/{blob}").status == 404
        assert call("GET", f"/v2/two/blobs/{blob}").status == 200
    assert call("DELETE", f"/v2/two/manifests/{digest}").status == 202
    assert call("GET", "/v2/two/manifests/a").status == 404
    layer_of_both, config = (call("GET", f"/v2/two/blobs/{blob}").status for blob in blobs)
    assert (layer_of_both, config) == (200, 404)
    assert call("DELETE", f"/v2/two/blobs/{blobs[0]}").status == 202  # by itself
    assert call("DELETE", f"/v2/two/manifests/{other}").status == 202
    assert files_in(registry.root / "docker") == []
    assert call("GET", "/v2/_catalog").json == {"repositories": []}
    assert call("GET", "/v2/one/tags/list").code == "NAME_UNKNOWN"
    call.push_image("one", "a", content)  # and can come back


# -- broken connections, killed processes --------------------------------------------------------


def broken_off(registry, location: str, data: bytes, promised: int) -> socket.socket:
    """Send a part of a body, and return the connection as it hangs."""
    host, _, port = registry.address.partition(":")
    sock = socket.create_connection((host, int(port)), timeout=10)
    head = f"PATCH {location} HTTP/1.1\r\nHost: x\r\nContent-Length: {promised}\r\n\r\n"
    sock.sendall(head.encode() + data)
    return sock


def offset(call, location: str) -> int:
    last = int(call("GET", location).headers["range"].partition("-")[2])
    return last + 1 if last else 0


def test_an_upload_goes_on_after_a_broken_connection(alone):
    registry, call = alone
    data = os.urandom(2_000_000)
    digest, location = digest_of(data), begin(call)
    broken_off(registry, location, data[:900_000], len(data)).close()
    until(lambda: offset(call, location) == 900_000)
    rest = call("PATCH", location, data[900_000:], Content_Range=f"900000-{len(data) - 1}")
    assert rest.status == 202
    arrived(call("PUT", f"{location}?digest={digest}"), digest)
    assert call("GET", f"/v2/in/blobs/{digest}").body == data


def test_who_resumes_does_not_wait_for_a_connection_that_hangs(alone):
    registry, call = alone
    data = os.urandom(600_000)
    digest, location = digest_of(data), begin(call)
    with broken_off(registry, location, data[:300_000], len(data)) as hanging:
        until(lambda: offset(call, location) >= 256 << 10)
        have = offset(call, location)
        answer = call("PATCH", location, data[have:], Content_Range=f"{have}-{len(data) - 1}")
        if answer.status == 416:  # the rest of the first connection was written meanwhile
            have = offset(call, location)
            answer = call("PATCH", location, data[have:], Content_Range=f"{have}-{len(data) - 1}")
        assert answer.status == 202
        assert hanging.recv(100) == b""  # it was cut off
    arrived(call("PUT", f"{location}?digest={digest}"), digest)


def test_a_killed_registry_has_nothing_wrong_and_goes_on(engine_home, tmp_path):
    data = os.urandom(900_000)
    digest = digest_of(data)
    registry = pyminidocker.serve_registry(tmp_path, name="killed")
    call = Caller(registry.address)
    image = call.push_image("app", "1", layer(x="kept"))
    location = begin(call)
    call("PATCH", location, data[:500_000])
    hanging = broken_off(registry, location, data[500_000:600_000], 400_000)
    until(lambda: offset(call, location) >= 500_000)
    kill(registry.pid)
    hanging.close()
    call.close()
    assert not registry.is_up
    Path(tmp_path, ".minidocker/new/left").write_bytes(b"half")  # as a kill in a rename leaves it
    with pyminidocker.serve_registry(tmp_path, name="killed") as registry:
        call = Caller(registry.address)
        assert not Path(tmp_path, ".minidocker/new/left").exists()
        assert call("HEAD", "/v2/app/manifests/1").headers["docker-content-digest"] == image
        have = offset(call, location)
        assert have >= 500_000
        assert call("PATCH", location, data[have:]).status == 202
        arrived(call("PUT", f"{location}?digest={digest}"), digest)
        assert call("GET", f"/v2/in/blobs/{digest}").body == data
        call.close()
    for path in Path(tmp_path, "docker/registry/v2/blobs/sha256").glob("*/*/data"):
        assert digest_of(path.read_bytes()) == f"sha256:{path.parent.name}"
    assert "killed" not in REGISTRIES.names()


def test_many_clients_push_and_pull_the_same_image(alone):
    registry, call = alone
    content = layer(data=os.urandom(1_000_000))
    wrong = []

    def student(number: int) -> None:
        caller = Caller(registry.address)
        try:
            digest = caller.push_image("class", f"s{number}", content)
            answer = caller("GET", f"/v2/class/manifests/s{number}")
            assert answer.headers["docker-content-digest"] == digest
            for _ in range(3):
                found = caller("GET", f"/v2/class/blobs/{digest_of(content)}").body
                assert found == content
        except Exception as error:  # noqa: BLE001 - shown below
            wrong.append(error)
        finally:
            caller.close()

    students = [threading.Thread(target=student, args=(number,)) for number in range(30)]
    for one in students:
        one.start()
    for one in students:
        one.join()
    assert wrong == []
    assert len(call("GET", "/v2/class/tags/list").json["tags"]) == 30
    data = list((registry.root / "docker/registry/v2/blobs").rglob("data"))
    assert len(data) == 3  # layer, config, manifest: once each
    peak = Path(f"/proc/{registry._state['Pid']}/status").read_text()
    [peak_kib] = [int(line.split()[1]) for line in peak.splitlines() if line.startswith("VmHWM")]
    assert peak_kib < 150 << 10
    assert not list((registry.root / "docker").rglob("_uploads/*"))


def test_a_big_blob_needs_no_memory(alone):
    registry, call = alone
    size = 96 << 20
    piece = os.urandom(1 << 20)
    hasher = hashlib.sha256()
    for _ in range(size >> 20):
        hasher.update(piece)
    digest = f"sha256:{hasher.hexdigest()}"
    location = begin(call)
    pieces = (piece for _ in range(size >> 20))
    arrived(call("PUT", f"{location}?digest={digest}", pieces, Content_Length=str(size)), digest)
    call.connection.request("GET", f"/v2/in/blobs/{digest}")
    answer, found = call.connection.getresponse(), hashlib.sha256()
    while data := answer.read(1 << 20):
        found.update(data)
    assert f"sha256:{found.hexdigest()}" == digest
    status = Path(f"/proc/{registry._state['Pid']}/status").read_text()
    [peak_kib] = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")]
    assert peak_kib < 64 << 10


def test_a_full_disk_is_told_and_does_no_harm(alone):
    """A limit on the size of files fails as a full disk does: in the middle of a write."""
    registry, call = alone
    no_limit = resource.prlimit(registry.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(registry.pid, resource.RLIMIT_FSIZE, (1 << 20, no_limit[1]))
    data = os.urandom(3 << 20)
    location = begin(call)
    answer = call("PATCH", location, data)
    assert (answer.status, answer.code) == (507, "UNKNOWN")
    assert "the registry's disk" in answer.json["errors"][0]["message"]
    call.push_image("app", "1", layer(small="fits"))
    resource.prlimit(registry.pid, resource.RLIMIT_FSIZE, no_limit)
    have = offset(call, location)
    assert have <= 1 << 20
    assert call("PATCH", location, data[have:]).status == 202
    arrived(call("PUT", f"{location}?digest={digest_of(data)}"), digest_of(data))
    assert call("GET", f"/v2/in/blobs/{digest_of(data)}").body == data
