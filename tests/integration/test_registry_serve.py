"""A registry from Python and from the command line: its life, its count of bytes, its lists."""

import os
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

import pyminidocker
from pyminidocker import paths
from pyminidocker.client.registry_start import REGISTRIES
from pyminidocker.errors import Conflict, InvalidArgument, NotFound, SystemFailure
from tests.support import judges
from tests.support.command_line import Terminal, minidocker, succeeds
from tests.support.processes import kill, wait_for_end
from tests.support.registry import Caller, digest_of, layer
from tests.support.talker import P, is_free


@pytest.fixture(autouse=True)
def nothing_left(engine_home):
    """After every test no registry runs, and nothing of one is there."""
    yield
    assert REGISTRIES.names() == []
    assert not Path(paths.state_root(".registries")).exists()


@pytest.fixture
def registry():
    with pyminidocker.serve_registry() as registry:
        yield registry


def fill(registry, *tags: str, user: str = "") -> str:
    caller = Caller(registry.address, user)
    for tag in tags:
        digest = caller.push_image("app", tag, layer(tag=tag))
    caller.close()
    return digest


def port_of(registry) -> int:
    return int(registry.address.rpartition(":")[2])


# -- Python --------------------------------------------------------------------------------------


def test_it_comes_and_goes():
    registry = pyminidocker.serve_registry()
    assert registry.address.startswith("127.0.0.1:")
    assert registry.is_up
    assert f"at {registry.address}" in repr(registry)
    assert registry.address in registry._repr_html_()
    pid = registry.pid
    assert os.getsid(pid) == pid
    opened = {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
    assert not [path for path in opened if path.startswith("pipe:")]
    registry.stop()
    wait_for_end(pid)
    assert is_free(port_of(registry), "127.0.0.1")
    assert not registry.root.exists()
    assert not registry.is_up
    assert repr(registry) == f"<RegistryServer {registry.name}: stopped>"
    assert "stopped" in registry._repr_html_()
    registry.stop()  # again is fine


def test_a_cell_can_run_again():
    first = pyminidocker.serve_registry(name="lesson")
    fill(first, "1")
    again = pyminidocker.serve_registry(name="lesson")
    assert (again.address, again.pid) == (first.address, first.pid)
    assert len(again.repositories()) == 1
    anew = pyminidocker.serve_registry(name="lesson", fresh=True)
    assert anew.pid != first.pid
    assert list(anew.repositories()) == []
    assert not first.is_up
    first.stop()  # does not stop the other one of that name
    assert anew.is_up
    anew.stop()


def test_its_directory_stays_when_it_was_given(tmp_path):
    with pyminidocker.serve_registry(tmp_path / "kept") as registry:
        digest = fill(registry, "1")
    with pyminidocker.serve_registry(tmp_path / "kept", read_only=True) as registry:
        assert [one["Digest"] for one in registry.repositories()] == [digest]
        assert "read-only" in repr(registry)
        caller = Caller(registry.address)
        answer = caller("PUT", "/v2/app/manifests/2", b"{}")
        assert (answer.status, answer.code, answer.headers["allow"]) == (
            405, "UNSUPPORTED", "GET, HEAD",
        )  # fmt: skip
        caller.close()


def test_two_change_one_directory_only_in_turn(tmp_path):
    with pyminidocker.serve_registry(tmp_path):
        with pytest.raises(Conflict, match="another registry has"):
            pyminidocker.serve_registry(tmp_path)
        with pyminidocker.serve_registry(tmp_path, read_only=True) as other:
            assert list(other.repositories()) == []


def test_what_makes_no_sense_is_refused(registry, tmp_path):
    with pytest.raises(Conflict, match="something listens at"):
        pyminidocker.serve_registry(port=port_of(registry))
    with pytest.raises(InvalidArgument, match=r"cannot listen at 192\.0\.2\.1:0"):
        pyminidocker.serve_registry(host="192.0.2.1")
    with pytest.raises(InvalidArgument, match="a port is 0 to 65535"):
        pyminidocker.serve_registry(port=70000)
    with pytest.raises(InvalidArgument, match="invalid registry name"):
        pyminidocker.serve_registry(name="../x")
    with pytest.raises(InvalidArgument, match="invalid user"):
        pyminidocker.serve_registry(users={"a:b": "c"})
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemFailure, match="cannot use"):
        pyminidocker.serve_registry(tmp_path / "file")
    with pytest.raises(InvalidArgument):
        registry.path_of("latest")
    with pytest.raises(NotFound):
        registry.path_of(digest_of(b"nothing"))


STARTER = """
import sys, time, pyminidocker
registry = pyminidocker.serve_registry(name="theirs", detached=sys.argv[1] == "detached")
print(registry.pid, flush=True)
time.sleep(600)
"""


def started_elsewhere(how: str) -> tuple[subprocess.Popen, int]:
    process = subprocess.Popen(
        [sys.executable, "-c", STARTER, how], stdout=subprocess.PIPE, text=True
    )
    return process, int(process.stdout.readline())


def end(process: subprocess.Popen) -> None:
    process.kill()
    process.wait()
    process.stdout.close()


def test_it_ends_with_who_started_it_even_by_kill():
    process, pid = started_elsewhere("held")
    end(process)
    wait_for_end(pid)


def test_it_stays_while_another_holds_it():
    process, pid = started_elsewhere("held")
    registry = pyminidocker.serve_registry(name="theirs")
    end(process)
    assert registry._ask()["Pid"] == pid
    assert registry.is_up
    registry.stop()


def test_a_detached_one_stays():
    process, pid = started_elsewhere("detached")
    end(process)
    assert REGISTRIES.ask("theirs")["Pid"] == pid
    assert succeeds("registry", "stop", "theirs") == "theirs"
    wait_for_end(pid)


def test_what_a_killed_one_left_is_cleared():
    registry = pyminidocker.serve_registry(name="killed")
    fill(registry, "1")
    kill(registry.pid)
    assert not registry.is_up
    assert registry.root.exists()
    with pyminidocker.serve_registry(name="killed") as registry:
        assert list(registry.repositories()) == []


def test_it_can_be_emptied(registry, tmp_path):
    fill(registry, "1", "2")
    registry.clear()
    assert list(registry.repositories()) == []
    assert [path for path in registry.root.rglob("*") if path.is_file()] == [
        registry.root / ".minidocker/lock"
    ]
    fill(registry, "1")
    assert len(registry.repositories()) == 1
    with (
        pyminidocker.serve_registry(tmp_path, read_only=True) as reading,
        pytest.raises(InvalidArgument, match="read-only"),
    ):
        reading.clear()


def test_it_counts_bytes(registry):
    with registry.counting() as moved:
        fill(registry, "1")
    sent = {(one["Method"], one["Kind"]): one for one in moved.rows}
    assert sent["POST", "upload"]["Requests"] == 2
    assert moved.pushed_bytes == sum(one["Received"] for one in moved.rows) > 300
    assert (moved.pulled_bytes, moved.count, moved.mounts) == (0, 3, 0)
    data = layer(tag="1")
    caller = Caller(registry.address)
    for _ in range(20):  # each is counted when we ask right after it
        with registry.counting() as moved:
            assert caller("GET", f"/v2/app/blobs/{digest_of(data)}").body == data
            caller("HEAD", f"/v2/app/blobs/{digest_of(data)}")
        assert moved.pulled_bytes == len(data)
        assert [one["Method"] for one in moved.requests] == ["GET", "HEAD"]
    caller.close()
    text = repr(moved)
    assert "blobs fetched" in text
    assert "is that blob there?" in text
    assert "total" in text
    assert "<table>" in moved._repr_html_()
    assert "/v2/app/blobs/sha256:" in repr(registry.requests())
    assert registry.traffic().pulled_bytes == 20 * len(data)


def test_users(tmp_path):
    with pyminidocker.serve_registry(users={"teacher": "chalk: and ü"}) as registry:
        fill(registry, "1", user="teacher:chalk: and ü")
        assert [one["Tag"] for one in registry.repositories("teacher:chalk: and ü")] == ["1"]
        for user in ("", "teacher:", "teacher:x", "pupil:chalk: and ü", ":"):
            caller = Caller(registry.address, user)
            for path in ("/", "/v2/", "/v2/app/manifests/1"):
                answer = caller("GET", path)
                assert (answer.status, answer.code) == (401, "UNAUTHORIZED")
                assert answer.headers["www-authenticate"].startswith("Basic realm=")
            caller.close()
        odd = Caller(registry.address)
        for value in ("Basic", "Basic !", "Basic /w==", "Bearer x"):
            assert odd("GET", "/v2/", Authorization=value).status == 401
        odd.close()
        arguments = Path(f"/proc/{registry._state['Pid']}/cmdline").read_bytes()
        environment = Path(f"/proc/{registry._state['Pid']}/environ").read_bytes()
        assert b"chalk" not in arguments + environment


def test_a_page_for_people(registry):
    fill(registry, "1")
    caller = Caller(registry.address)
    page = caller("GET", "/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert f"{registry.address}/app:1" in page.body.decode()
    assert b"<script" not in caller("GET", "/", Host="<script>").body
    caller.close()


# -- command line --------------------------------------------------------------------------------


def test_serve_list_stop(tmp_path):
    port = P + 380
    words = ("registry", "serve", "-d", "--name", "class", "-p", str(port))
    address = succeeds(*words, "--root", str(tmp_path))
    assert address == f"127.0.0.1:{port}"
    again = minidocker(*words)
    assert again.returncode == 1
    assert "there is a registry class already" in again.stderr
    assert "minidocker registry stop class" in again.stderr
    caller = Caller(address)
    digest = caller.push_image("team/app", "1", layer(x="1"))
    caller.close()
    for where in ((), (address,), (f"http://{address}",)):
        lines = succeeds("registry", "ls", *where).splitlines()
        assert lines[0].split() == ["REPOSITORY", "TAG", "DIGEST", "SIZE", "IMAGES"]
        assert lines[1].split()[:3] == [f"{address}/team/app", "1", digest[:19]]
    form = ("--format", "{{.Repository}} {{.Digest}} {{.MediaType}}")
    kind = "application/vnd.oci.image.manifest.v1+json"
    assert succeeds("registry", "ls", *form) == f"{address}/team/app {digest} {kind}"
    assert succeeds("registry", "stop") == "class"
    assert is_free(port, "127.0.0.1")
    assert succeeds("registry", "ls", *form, str(tmp_path)) == f"team/app {digest} {kind}"


def test_it_serves_in_the_foreground_until_interrupted(tmp_path):
    with Terminal("registry", "serve", "-p", "0", "--root", str(tmp_path)) as terminal:
        terminal.read_until(f"registry: {tmp_path} at http://127.0.0.1:")
        [name] = REGISTRIES.names()
        state = REGISTRIES.ask(name)
        assert state["Pid"] == terminal.pid, "the command has become the registry"
        caller = Caller(state["Address"])
        caller("GET", "/v2/app/manifests/1")
        caller.close()
        assert "127.0.0.1 GET /v2/app/manifests/1 404" in terminal.read_until("404")
        terminal.type("\x03")
        assert terminal.wait() == 0
        assert "Traceback" not in terminal.text


@pytest.mark.requires("docker-registry")
def test_a_list_goes_through_all_pages(tmp_path):
    """Also of docker's registry, whose pages have a hundred entries at most by default."""
    with pyminidocker.serve_registry(tmp_path / "content") as registry:
        caller = Caller(registry.address)
        image = caller.push_image("app", "1", layer(x="1"))
        body = caller("GET", f"/v2/app/manifests/{image}").body
        for number in range(120):
            assert caller("PUT", f"/v2/app/manifests/t{number:03}", body).status == 201
        caller.close()
        assert len(registry.repositories()) == 121
        with judges.docker_registry(tmp_path / "theirs", tmp_path / "content") as address:
            assert len(succeeds("registry", "ls", address).splitlines()) == 122


def test_an_index_counts_as_all_its_images(registry):
    caller = Caller(registry.address)
    kind = "application/vnd.oci.image.manifest.v1+json"
    parts, total = [], 0
    for tag in ("1", "2"):
        digest = caller.push_image("multi", tag, layer(tag=tag))
        body = caller("GET", f"/v2/multi/manifests/{digest}").body
        parts.append({"mediaType": kind, "digest": digest, "size": len(body)})
    total = sum(one["Size"] for one in registry.repositories())
    index = "application/vnd.oci.image.index.v1+json"
    document = {"schemaVersion": 2, "mediaType": index, "manifests": parts}
    caller.push_manifest("multi", "all", document)
    caller.close()
    [found] = [one for one in registry.repositories() if one["Tag"] == "all"]
    assert (found["Size"], found["Images"]) == (total, 2)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("ls",), "no registry runs here"),
        (("ls", "127.0.0.1:1"), "no registry answers at 127.0.0.1:1: connection refused"),
        (("ls", "/nowhere"), "/nowhere is no registry's directory"),
        (("ls", "."), ". is no registry's directory"),
        (("ls", "x:y"), "invalid address x:y"),
        (("stop", "nothing"), "no such registry: nothing"),
        (("serve", "-p", "x"), 'invalid argument "x" for "-p, --port" flag'),
        (("serve", "--user", "x"), "invalid user 'x'"),
        (("serve", "-d", "-p", "0", "--tls-certificate", "/none"), "cannot use the certificate"),
        (("serve", "-p", "0", "--tls-certificate", "/none"), "cannot use the certificate /none"),
        (("serve", "-p", "0", "--root", "/proc/x"), "cannot use /proc/x"),
    ],
)
def test_what_the_command_line_refuses(words, message, tmp_path):
    root = ("--root", str(tmp_path)) if words[0] == "serve" and "--root" not in words else ()
    refused = minidocker("registry", *words, *root)
    assert refused.returncode != 0
    assert message in refused.stderr
    assert "Traceback" not in refused.stderr


def test_ls_asks_for_the_user():
    with pyminidocker.serve_registry(users={"a": "b"}) as registry:
        refused = minidocker("registry", "ls", registry.address)
        assert "asks for a user" in refused.stderr
        assert "--user NAME:PASSWORD" in refused.stderr
        succeeds("registry", "ls", "-u", "a:b", registry.address)


def test_ls_lists_the_others_when_one_asks_for_a_user():
    with (
        pyminidocker.serve_registry(users={"a": "b"}) as closed,
        pyminidocker.serve_registry() as open_to_all,
    ):
        caller = Caller(open_to_all.address)
        caller.push_image("app", "1", layer(a="a"), Cmd=["true"])
        caller.close()
        listed = minidocker("registry", "ls", closed.address, open_to_all.address)
        assert listed.returncode == 1
        assert f"{closed.address} asks for a user" in listed.stderr
        assert f"{open_to_all.address}/app" in listed.stdout


@pytest.mark.requires("openssl")
def test_https(tmp_path):
    subject = ("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject,
         "-keyout", tmp_path / "key", "-out", tmp_path / "cert"],
        check=True, capture_output=True,
    )  # fmt: skip
    address = succeeds(
        "registry", "serve", "-d", "-p", "0", "--root", str(tmp_path / "root"),
        "--tls-certificate", str(tmp_path / "cert"), "--tls-key", str(tmp_path / "key"),
    )  # fmt: skip
    import http.client

    context = ssl.create_default_context(cafile=str(tmp_path / "cert"))
    host, _, port = address.partition(":")
    data = os.urandom(3_000_000)
    caller = Caller(address)
    caller.connection = http.client.HTTPSConnection(host, int(port), context=context, timeout=20)
    caller.push_image("app", "1", data_layer := layer(data=data))
    assert caller("GET", f"/v2/app/blobs/{digest_of(data_layer)}").body == data_layer
    caller.close()
    listed = minidocker(
        "registry", "ls", f"https://{address}", SSL_CERT_FILE=str(tmp_path / "cert")
    )
    assert f"{address}/app" in listed.stdout
    succeeds("registry", "stop")


def test_signals_end_it_cleanly():
    for number in (signal.SIGTERM, signal.SIGHUP):
        registry = pyminidocker.serve_registry()
        os.kill(registry.pid, number)
        wait_for_end(registry.pid)
        assert not registry.root.exists()


def test_the_module_serves_by_itself(tmp_path):
    users = tmp_path / "users"
    users.write_text("# the class\nteacher:chalk\n")
    command = [sys.executable, "-m", "pyminidocker.registry", "--listen", "127.0.0.1:0"]
    command += ["--root", str(tmp_path / "root"), "--users-file", str(users)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    first = process.stdout.readline()
    assert first.startswith(f"registry: {tmp_path}/root at http://127.0.0.1:")
    caller = Caller(first.rpartition("//")[2].strip(), "teacher:chalk")
    assert caller("GET", "/v2/").status == 200
    caller.close()
    assert process.stderr.readline().split()[1:4] == ["teacher@127.0.0.1", "GET", "/v2/"]
    process.terminate()
    assert process.communicate(timeout=10) == ("", "")
    assert process.returncode == 0
