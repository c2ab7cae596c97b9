"""The real ``docker`` command against our socket: what people type, what they must see."""

import io
import os
import pty
import re
import select
import subprocess
import tarfile
import time

import pytest

pytestmark = pytest.mark.requires("docker-cli", "busybox")

ID = r"[0-9a-f]{12}"


def test_hello_world(docker):
    result = docker("run", "--rm", "hello-world")
    assert result.returncode == 0
    assert "Hello" in result.stdout


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        (["true"], 0, ""),
        (["sh", "-c", "exit 3"], 3, ""),
        (["nosuch"], 127, 'exec: "nosuch": executable file not found in $PATH'),
        (["/etc/passwd"], 126, "permission denied"),
    ],
)
def test_exit_codes(docker, command, code, message):
    result = docker("run", "--rm", "busybox", *command)
    assert result.returncode == code
    assert message in result.stderr
    assert "Error waiting" not in result.stderr


def test_stdout_and_stderr_stay_apart(docker):
    result = docker("run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2")
    assert (result.stdout, result.stderr) == ("out\n", "err\n")


def test_no_output_is_lost(docker):
    result = docker("run", "--rm", "busybox", "seq", "200000")
    assert result.stdout == "".join(f"{n}\n" for n in range(1, 200_001))


def test_stdin_goes_in_and_out_again(docker):
    text = "".join(f"line {n}\n" for n in range(100_000))
    result = docker("run", "--rm", "-i", "busybox", "cat", stdin=text)
    assert result.stdout == text


def test_unknown_image(docker):
    result = docker("run", "--rm", "nosuch")
    assert result.returncode == 125
    assert "Unable to find image 'nosuch:latest' locally" in result.stderr
    assert "registry-1.docker.io" in result.stderr  # which no test can reach


def test_life_of_a_container(docker):
    created = docker("create", "--name", "life", "busybox", "sh", "-c", "echo hi; sleep 600")
    assert re.fullmatch(r"[0-9a-f]{64}\n", created.stdout)
    assert "Created" in docker("ps", "-a", "--filter", "name=life").stdout
    assert docker("start", "life").stdout == "life\n"
    assert docker("start", "life").returncode == 0
    row = docker("ps", "--filter", "name=life").stdout.splitlines()[1]
    assert re.match(rf'{ID}   busybox   "sh -c \'echo hi; sle…"   .* Up ', row)
    assert docker("rename", "life", "live").returncode == 0
    assert docker("restart", "-t", "0", "live").returncode == 0
    assert docker("logs", "live").stdout == "hi\nhi\n"
    assert docker("kill", "-s", "KILL", "live").stdout == "live\n"
    assert docker("wait", "live").stdout == "137\n"
    assert "Exited (137)" in docker("ps", "-a", "--filter", "name=live").stdout
    assert docker("stop", "live").returncode == 0
    assert docker("rm", "live").stdout == "live\n"
    assert "No such container: live" in docker("rm", "live").stderr


def test_name_in_use(docker, box):
    result = docker("run", "--name", box, "busybox", "true")
    assert result.returncode == 125
    assert 'The container name "/box" is already in use by container' in result.stderr


def test_rm_of_a_running_container(docker, box):
    result = docker("rm", box)
    assert result.returncode == 1
    assert "cannot remove" in result.stderr.lower()


def test_exec(docker, box):
    assert docker("exec", box, "echo", "hi").stdout == "hi\n"
    assert docker("exec", "-i", box, "wc", "-c", stdin="x" * 70_000).stdout == "70000\n"
    assert docker("exec", box, "sh", "-c", "exit 5").returncode == 5
    where = docker("exec", "-e", "A=1", "-w", "/tmp", box, "sh", "-c", "pwd; echo $A")
    assert where.stdout == "/tmp\n1\n"
    missing = docker("exec", box, "nosuch")
    assert missing.returncode in (126, 127)  # dockerd 20.10 and later ones differ
    assert "executable file not found" in missing.stdout + missing.stderr
    assert docker("exec", "-d", box, "touch", "/made").returncode == 0
    assert docker("exec", "nosuch", "true").returncode == 1


def test_exec_on_a_stopped_container(docker, box):
    docker("stop", "-t", "0", box)
    result = docker("exec", box, "true")
    assert result.returncode == 1
    assert "is not running" in result.stderr


def test_logs(docker):
    script = "for n in 1 2 3 4; do echo $n; done; echo e >&2"
    docker("run", "--name", "talk", "busybox", "sh", "-c", script)
    try:
        assert docker("logs", "talk").stdout == "1\n2\n3\n4\n"
        assert docker("logs", "talk").stderr == "e\n"
        assert docker("logs", "-n", "2", "talk").stdout == "4\n"
        assert docker("logs", "-f", "talk").stdout == "1\n2\n3\n4\n"
        stamped = docker("logs", "-t", "talk").stdout.splitlines()
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z 1", stamped[0])
        assert docker("logs", "--since", "1h", "talk").stdout == "1\n2\n3\n4\n"
        assert docker("logs", "--until", "1h", "talk").stdout == ""
    finally:
        docker("rm", "talk")


def test_inspect(docker, box):
    template = "{{.Name}} {{.State.Running}} {{.Config.Image}} {{len .Mounts}}"
    assert docker("inspect", "-f", template, box).stdout == "/box true busybox 0\n"
    address = docker("inspect", "-f", "{{.NetworkSettings.IPAddress}}", box).stdout.strip()
    assert docker("exec", box, "hostname", "-i").stdout.strip() == address
    assert "no such object: nosuch" in docker("inspect", "nosuch").stderr.lower()


def test_cp(docker, box, tmp_path):
    source = tmp_path / "tree"
    (source / "deep").mkdir(parents=True)
    (source / "a").write_text("alpha")
    (source / "deep/link").symlink_to("../a")
    assert docker("cp", str(source), f"{box}:/tmp").returncode == 0
    assert docker("exec", box, "cat", "/tmp/tree/deep/link").stdout == "alpha"
    assert docker("cp", f"{box}:/tmp/tree", str(tmp_path / "back")).returncode == 0
    assert (tmp_path / "back/a").read_text() == "alpha"
    assert (tmp_path / "back/deep/link").is_symlink()
    streamed = subprocess.run(
        ["docker", "cp", f"{box}:/tmp/tree/a", "-"],
        env={
            **os.environ,
            "DOCKER_HOST": docker(
                "context", "inspect", "-f", "{{.Endpoints.docker.Host}}"
            ).stdout.strip(),
        },
        capture_output=True,
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(streamed)) as archive:
        assert archive.getnames() == ["a"]
    missing = docker("cp", f"{box}:/nosuch", str(tmp_path))
    assert missing.returncode == 1
    assert "/nosuch" in missing.stderr


def test_diff_commit_history_and_rmi(docker, box):
    docker("exec", box, "sh", "-c", "echo new > /note; rm /etc/hostname2 2>/dev/null; true")
    assert "A /note" in docker("diff", box).stdout.splitlines()
    committed = docker(
        "commit", "-m", "a note", "-c", 'CMD ["cat", "/note"]', "-c", "ENV A=1", box, "noted:1"
    )  # fmt: skip
    assert committed.stdout.startswith("sha256:")
    assert docker("run", "--rm", "noted:1").stdout == "new\n"
    assert "a note" in docker("history", "noted:1").stdout
    assert docker("tag", "noted:1", "noted:2").returncode == 0
    assert docker("images", "noted", "--format", "{{.Tag}}").stdout.split() == ["1", "2"]
    assert docker("rmi", "noted:1").stdout == "Untagged: noted:1\n"
    holder = docker("create", "noted:2").stdout.strip()
    refused = docker("rmi", "noted:2")
    assert refused.returncode == 1
    assert holder[:12] in refused.stderr
    docker("rm", holder)
    assert "Deleted: sha256:" in docker("rmi", "noted:2").stdout


def test_volumes(docker):
    assert docker("volume", "create", "notes").stdout == "notes\n"
    try:
        docker("run", "--rm", "-v", "notes:/n", "busybox", "sh", "-c", "echo kept > /n/x")
        assert docker("run", "--rm", "-v", "notes:/n", "busybox", "cat", "/n/x").stdout == "kept\n"
        assert "notes" in docker("volume", "ls", "-q").stdout.split()
        holder = docker("create", "-v", "notes:/n", "busybox").stdout.strip()
        assert "volume is in use" in docker("volume", "rm", "notes").stderr
        docker("rm", holder)
    finally:
        assert docker("volume", "rm", "notes").stdout == "notes\n"
    assert "no such volume" in docker("volume", "inspect", "notes").stderr
    docker("volume", "create", "notes")
    # API 1.41, which docker speaks to us, knows no difference between named and other volumes.
    assert "notes" in docker("volume", "prune", "-f").stdout


def test_bind_mount_and_read_only(docker, tmp_path):
    (tmp_path / "file").write_text("from the host")
    shown = docker("run", "--rm", "-v", f"{tmp_path}:/host:ro", "busybox", "cat", "/host/file")
    assert shown.stdout == "from the host"
    refused = docker("run", "--rm", "-v", f"{tmp_path}:/host:ro", "busybox", "touch", "/host/x")
    assert "Read-only file system" in refused.stderr
    assert docker("run", "--rm", "--read-only", "busybox", "touch", "/x").returncode == 1


def test_top_and_port(docker, box):
    listed = docker("top", box).stdout.splitlines()
    assert listed[0].split() == ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]
    assert listed[1].endswith("sleep 600")
    assert docker("port", box).stdout == ""


def test_networks(docker):
    assert docker("network", "ls", "--format", "{{.Name}}").stdout.split() == [
        "bridge", "host", "none",
    ]  # fmt: skip
    subnet = docker("network", "inspect", "-f", "{{(index .IPAM.Config 0).Subnet}}", "bridge")
    assert subnet.stdout == "172.17.0.0/16\n"
    alone = docker("run", "--rm", "--network", "none", "busybox", "ip", "-o", "link")
    assert len(alone.stdout.splitlines()) == 1


def test_events(docker):
    docker("run", "--rm", "--name", "seen", "busybox", "true")
    told = docker(
        "events", "--since", "1m", "--until", f"{time.time():.9f}",
        "--filter", "container=seen", "--format", "{{.Action}}",
    )  # fmt: skip
    assert told.stdout.split() == ["create", "attach", "start", "die", "destroy"]


def test_facts(docker):
    assert "Server Version" in docker("info").stdout
    assert docker("version", "--format", "{{.Server.APIVersion}}").stdout == "1.41\n"
    df = docker("system", "df")
    assert df.stdout.splitlines()[0].split() == ["TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE"]


def test_prune(docker):
    docker("run", "--name", "done", "busybox", "true")
    pruned = docker("container", "prune", "-f")
    assert "Total reclaimed space" in pruned.stdout
    assert "done" not in docker("ps", "-a", "--format", "{{.Names}}").stdout
    assert docker("system", "prune", "-f").returncode == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["swarm", "leave"], "This node is not part of a swarm"),
        (["service", "ls"], "This node is not a swarm manager"),
        (["node", "ls"], "This node is not a swarm manager"),
        (["plugin", "inspect", "x"], 'plugin "x" not found'),
        (["search", "x"], "not supported by this engine"),
    ],
)
def test_what_is_not_there_says_so(docker, words, message):
    result = docker(*words)
    assert result.returncode != 0
    assert message in result.stderr


def test_client_that_is_too_new(docker):
    result = docker("info", DOCKER_API_VERSION="1.99")
    assert "client version 1.99 is too new. Maximum supported API version is 1.41" in (
        result.stdout + result.stderr
    )


class Terminal:
    """A docker command on a pseudo terminal."""

    def __init__(self, environment, *words):
        self.master, self._slave = pty.openpty()
        self._command, self._environment = ["docker", *words], environment
        self.seen = ""

    def __enter__(self):
        self.process = subprocess.Popen(
            self._command,
            env=self._environment,
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            start_new_session=True,
        )
        os.close(self._slave)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.master)

    def send(self, text):
        os.write(self.master, text.encode())

    def until(self, text):
        """Read on to the next ``text``."""
        while text not in self.seen:
            assert select.select([self.master], [], [], 20)[0], f"{text!r} not in {self.seen!r}"
            self.seen += os.read(self.master, 4096).decode()
        self.seen = self.seen.partition(text)[2]

    def end(self):
        """Read to the end and return the exit code."""
        try:
            while data := os.read(self.master, 4096):
                self.seen += data.decode()
        except OSError:
            pass  # EIO: the other side is closed
        return self.process.wait(20)


def test_interactive_terminal(docker_environment):
    with Terminal(docker_environment, "run", "--rm", "-it", "busybox", "sh") as terminal:
        terminal.until("# ")
        terminal.send("test -t 0 && echo is-a-$((1))-tty\n")
        terminal.until("is-a-1-tty")
        # Said by the foreground job itself: before it exists, Ctrl-C would go to the shell.
        terminal.send("sh -c 'echo begun-$((2)); exec sleep 100'\n")
        terminal.until("begun-2")
        terminal.send("\x03")
        terminal.until("^C")
        terminal.until("# ")  # a shell that is not back yet would drop what is typed
        terminal.send("exit 7\n")
        assert terminal.end() == 7


def test_detach_keys(docker, docker_environment):
    try:
        with Terminal(docker_environment, "run", "-it", "--name", "left", "busybox", "sh") as first:
            first.until("# ")
            first.send("\x10\x11")
            assert first.end() == 0
        assert docker("inspect", "-f", "{{.State.Running}}", "left").stdout == "true\n"
        with Terminal(docker_environment, "attach", "left") as again:
            again.send("echo back-$((2))\n")
            again.until("back-2")
            again.send("exit\n")
            assert again.end() == 0
    finally:
        docker("rm", "-f", "left")
