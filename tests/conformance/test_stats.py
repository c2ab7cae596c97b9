"""Docker's own clients pause containers and read what they use."""

import re

import pytest

pytestmark = pytest.mark.requires("docker-cli", "busybox")


def test_stats_in_docker_s_columns(docker, box):
    head, line = docker("stats", "--no-stream").stdout.splitlines()
    assert re.split(r"  +", head) == [
        "CONTAINER ID", "NAME", "CPU %", "MEM USAGE / LIMIT", "MEM %", "NET I/O", "BLOCK I/O",
        "PIDS",
    ]  # fmt: skip
    cells = re.split(r"  +", line.strip())
    assert cells[1] == "box"
    assert re.fullmatch(r"\d+\.\d\d%", cells[2])
    used, limit = cells[3].split(" / ")
    assert used != "0B"
    assert limit.endswith("GiB")
    assert cells[-1] == "1"


def test_both_command_lines_say_the_same(docker, box):
    from tests.support.command_line import succeeds

    form = "{{.Container}} {{.Name}} {{.ID}} {{.NetIO}} {{.BlockIO}} {{.PIDs}}"
    ours = succeeds("stats", "--no-stream", "--format", form, "box")
    assert docker("stats", "--no-stream", "--format", form, "box").stdout.strip() == ours


def test_stats_of_what_is_not_there(docker):
    result = docker("stats", "--no-stream", "nix")
    assert result.returncode == 1
    assert "No such container: nix" in result.stderr


@pytest.mark.requires("cgroup-freezer")
def test_pause_by_the_docker_command(docker, box):
    assert docker("pause", box).stdout == "box\n"
    assert "(Paused)" in docker("ps").stdout
    assert docker("info", "--format", "{{.ContainersPaused}}").stdout == "1\n"
    assert "is already paused" in docker("pause", box).stderr
    assert "is paused, unpause the container before exec" in docker("exec", box, "true").stderr
    attached = docker("attach", box)
    assert "You cannot attach to a paused container, unpause it first" in attached.stderr
    assert docker("unpause", box).stdout == "box\n"
    assert "is not paused" in docker("unpause", box).stderr
    assert docker("exec", box, "echo", "hi").stdout == "hi\n"


@pytest.mark.requires("cgroup-freezer")
def test_docker_py(sdk):
    box = sdk.containers.run("busybox", "sleep 600", detach=True)
    try:
        box.pause()
        box.reload()
        assert box.status == "paused"
        box.unpause()
        told = box.stats(stream=False)
        assert told["name"] == f"/{box.name}"
        assert told["memory_stats"]["usage"] > 0
        stream = box.stats(decode=True)
        first, second = next(stream), next(stream)
        assert second["preread"] == first["read"]
        stream.close()
    finally:
        box.remove(force=True)
