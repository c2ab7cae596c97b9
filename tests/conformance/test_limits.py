"""Limits as docker's clients ask for them, and beside a real dockerd 20.10."""

import http.client
import json
import shutil
import socket
import tempfile
import time
from pathlib import Path

import pytest

from tests.support import judges

pytestmark = [
    pytest.mark.requires("busybox", "docker-cli"),
    # docker-py forgets to close the sockets of its streams
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
limits = pytest.mark.requires("cgroup-memory", "cgroup-cpu", "cgroup-cpuset", "cgroup-pids")
MB = 1 << 20


# ----------------------------------------------------------------------------------- the docker CLI


@limits
def test_docker_run_inspect_and_update(docker):
    made = docker(
        "run", "-d", "--name", "lim", "-m", "64m", "--memory-reservation", "32m", "--cpus", ".5",
        "--cpuset-cpus", "0", "--pids-limit", "20", "--oom-score-adj", "100", "--sysctl",
        "net.core.somaxconn=200", "--ulimit", "nofile=40", "busybox", "sleep", "600",
    )  # fmt: skip
    try:
        assert made.returncode == 0, made.stderr
        assert made.stderr == ""
        form = "{{json .HostConfig}}"
        host = json.loads(docker("inspect", "-f", form, "lim").stdout)
        expected = {
            "Memory": 64 * MB, "MemorySwap": 128 * MB, "MemoryReservation": 32 * MB,
            "NanoCpus": 500_000_000, "CpusetCpus": "0", "PidsLimit": 20, "OomScoreAdj": 100,
            "Sysctls": {"net.core.somaxconn": "200"}, "OomKillDisable": False,
            "MemorySwappiness": None,
            "Ulimits": [{"Name": "nofile", "Hard": 40, "Soft": 40}],
        }  # fmt: skip
        assert {key: host[key] for key in expected} == expected
        done = docker("update", "-m", "96m", "--pids-limit", "30", "lim")
        assert (done.returncode, done.stdout) == (0, "lim\n")
        form = "{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}"
        assert docker("inspect", "-f", form, "lim").stdout.split() == [str(96 * MB), "30"]
        refused = docker("update", "-m", "1m", "lim")
        assert refused.returncode == 1
        assert refused.stderr.startswith(
            "Error response from daemon: Minimum memory limit allowed is 6MB"
        )
    finally:
        docker("rm", "-f", "lim")


@limits
def test_docker_sees_the_oom_kill(docker):
    script = "x=a; while :; do x=$x$x; done"
    done = docker("run", "--name", "oom", "-m", "16m", "busybox", "sh", "-c", script)
    try:
        assert done.returncode == 137
        form = "{{.State.OOMKilled}} {{.State.ExitCode}} {{.State.Status}}"
        assert docker("inspect", "-f", form, "oom").stdout == "true 137 exited\n"
        told = docker("events", "--since", "1m", "--until", f"{time.time():.9f}", "--filter",
                      "container=oom", "--format", "{{.Action}}")  # fmt: skip
        assert told.stdout.split()[-2:] == ["oom", "die"]
    finally:
        docker("rm", "-f", "oom")


@limits
def test_docker_info_has_no_complaint(docker):
    told = docker("info")
    assert "No memory limit support" not in told.stderr
    assert "Cgroup Driver: cgroupfs" in told.stdout


# ---------------------------------------------------------------------------------------- docker-py


@limits
def test_docker_py(sdk):
    box = sdk.containers.run(
        "busybox", "sleep 600", detach=True, mem_limit="64m", memswap_limit="128m",
        mem_reservation="32m", nano_cpus=500_000_000, cpuset_cpus="0", pids_limit=20,
        oom_score_adj=100, sysctls={"net.core.somaxconn": 200},
    )  # fmt: skip
    try:
        box.update(mem_limit="96m", cpu_shares=512)
        box.reload()
        host = box.attrs["HostConfig"]
        assert (host["Memory"], host["CpuShares"], host["PidsLimit"]) == (96 * MB, 512, 20)
        assert sdk.info()["MemoryLimit"] is True
        assert box.exec_run("cat /proc/sys/net/core/somaxconn").output == b"200\n"
    finally:
        box.remove(force=True)


# ----------------------------------------------------------------------------- dockerd's own words

BODIES = [
    {"Memory": MB},
    {"Memory": -5},
    {"Memory": 64 * MB, "MemorySwap": 32 * MB},
    {"MemorySwap": 64 * MB},
    {"MemoryReservation": MB},
    {"Memory": 64 * MB, "MemoryReservation": 128 * MB},
    {"MemorySwappiness": 101},
    {"NanoCpus": 10**15},
    {"NanoCpus": -1},
    {"NanoCpus": 10**9, "CpuPeriod": 100_000},
    {"NanoCpus": 10**9, "CpuQuota": 100_000},
    {"CpuPeriod": 10},
    {"CpuPeriod": 2_000_000},
    {"CpuQuota": 10},
    {"CpusetCpus": "4095"},
    {"CpusetCpus": "x"},
    {"CpusetCpus": "1-0"},
    {"CpusetMems": "4095"},
    {"CpusetMems": "x"},
    {"OomScoreAdj": 1001},
]
CHANGES = [
    {"Memory": MB},
    {"Memory": 70 * MB},
    {"CpuQuota": 10_000},
    {"CpuPeriod": 10_000},
    {"NanoCpus": 10**15},
    {"RestartPolicy": {"Name": "foo"}},
]


class Unix(http.client.HTTPConnection):
    """HTTP on a unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)

    def post(self, path, body):
        """Return (status, the error's text or the answer)."""
        self.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = self.getresponse()
        data = json.loads(answer.read() or b"{}")
        return answer.status, data.get("message", data)


def said(path, image):
    """Return what an engine says to all the nonsense, and what becomes of its containers."""
    engine = Unix(path)
    try:
        answers = [
            engine.post("/v1.41/containers/create", {"Image": image, "HostConfig": body})
            for body in BODIES
        ]
        host = {"NanoCpus": 10**9, "Memory": 64 * MB, "MemorySwap": -1}
        body = {"Image": image, "Cmd": ["x"], "HostConfig": host}
        box = engine.post("/v1.41/containers/create?name=changed", body)[1]["Id"]
        for change in CHANGES:
            status, text = engine.post("/v1.41/containers/changed/update", change)
            answers.append((status, text.replace(box, "ID")))
        return answers
    finally:
        engine.request("DELETE", "/v1.41/containers/changed?force=1")
        engine.getresponse().read()
        engine.close()


@limits
@pytest.mark.requires("root", "dockerd")
def test_the_same_nonsense_in_dockerd_s_words(engine):
    home = Path(tempfile.mkdtemp(prefix="jl-", dir="/tmp"))
    with judges.dockerd(home) as docker:
        archive = home / "busybox.tar"
        engine.save("busybox", path=archive)
        docker.ok("load", "-i", str(archive))
        theirs = said(f"{home}/docker.sock", "busybox")
    ours = said(engine.api.socket_path, "busybox")
    shutil.rmtree(home, ignore_errors=True)
    for asked, their, our in zip([*BODIES, *CHANGES], theirs, ours, strict=True):
        assert our == their, asked
