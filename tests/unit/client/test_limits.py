"""Limits as keyword arguments, and a container's group as files to read."""

import pytest

from pyminidocker.client.cgroup import Cgroup, cgroup_of
from pyminidocker.client.create_config import create_config
from pyminidocker.client.limits import host_limits
from pyminidocker.errors import InvalidArgument, NotFound

MB = 1 << 20


def test_keyword_arguments_become_docker_s_words():
    config = create_config(
        "busybox",
        "true",
        {
            "memory": "64m",
            "memory_swap": -1,
            "cpus": 0.5,
            "cpuset_cpus": "0",
            "pids_limit": 50,
            "oom_score_adj": 300,
            "sysctls": {"net.core.somaxconn": 512},
            "ulimits": {"nofile": 64, "core": (0, 10)},
            "devices": ["/dev/fuse", "/dev/null:/dev/n:r"],
            "device_read_bps": {"/dev/vda": "1m"},
        },
    )
    assert config["HostConfig"] == {
        "Memory": 64 * MB,
        "MemorySwap": -1,
        "NanoCpus": 500_000_000,
        "CpusetCpus": "0",
        "PidsLimit": 50,
        "OomScoreAdj": 300,
        "Sysctls": {"net.core.somaxconn": "512"},
        "Ulimits": [
            {"Name": "nofile", "Soft": 64, "Hard": 64},
            {"Name": "core", "Soft": 0, "Hard": 10},
        ],
        "Devices": [
            {
                "PathOnHost": "/dev/fuse",
                "PathInContainer": "/dev/fuse",
                "CgroupPermissions": "rwm",
            },
            {"PathOnHost": "/dev/null", "PathInContainer": "/dev/n", "CgroupPermissions": "r"},
        ],
        "BlkioDeviceReadBps": [{"Path": "/dev/vda", "Rate": MB}],
    }


def test_what_beginners_write_for_one_is_taken():
    given = {"devices": "/dev/null", "cpuset_cpus": 0, "cap_add": "NET_ADMIN", "volumes": "v:/v"}
    host = create_config("busybox", "true", given)["HostConfig"]
    assert [device["PathOnHost"] for device in host["Devices"]] == ["/dev/null"]
    assert (host["CpusetCpus"], host["CapAdd"], host["Binds"]) == ("0", ["NET_ADMIN"], ["v:/v"])


def test_an_update_may_say_zero():
    assert host_limits({"pids_limit": 0}) == {"PidsLimit": 0}
    assert host_limits({"memory": "1g", "memory_swap": "-1"}) == {
        "Memory": 1 << 30,
        "MemorySwap": -1,
    }


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"memory": "much"}, "memory: invalid size: 'much'"),
        ({"memory": float("nan")}, "memory: invalid size: nan"),
        ({"memory_swap": float("inf")}, "memory_swap: invalid size: inf"),
        ({"memory": True}, "memory: invalid size: True"),
        ({"memory": ["64m"]}, r"memory: invalid size: \['64m'\]"),
        ({"cpus": "half"}, "cpus: failed"),
        ({"cpus": float("inf")}, "cpus: failed to parse inf"),
        ({"cpus": [1]}, r"cpus: failed to parse \[1\]"),
        ({"sysctls": ["net.core.somaxconn"]}, "sysctls: not a dictionary"),
        ({"ulimits": ["nofile=5"]}, "ulimits: not a dictionary"),
        ({"ulimits": {"nofile": "5"}}, "ulimits: nofile: not a number or a pair of them: '5'"),
        ({"device_read_bps": "/dev/sda:1m"}, "device_read_bps: not a dictionary"),
    ],
)
def test_a_value_that_is_none_is_refused_by_name(options, text):
    with pytest.raises(InvalidArgument, match=text) as refused:
        host_limits(options)
    assert refused.value.hint


@pytest.fixture
def version_2(tmp_path):
    files = {
        "memory.max": "67108864\n",
        "memory.current": "1048576\n",
        "memory.events": "low 0\noom 2\noom_kill 1\n",
        "pids.max": "max\n",
        "cpu.stat": "usage_usec 5\nnr_periods 10\nnr_throttled 4\n",
        "cgroup.procs": "7\n9\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    return Cgroup("v2", {"memory": str(tmp_path), "pids": str(tmp_path), "cpu": str(tmp_path)})


@pytest.fixture
def version_1(tmp_path):
    files = {
        "memory/memory.limit_in_bytes": "9223372036854771712\n",
        "memory/memory.usage_in_bytes": "1048576\n",
        "memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
        "memory/cgroup.procs": "7\n9\n",
        "pids/pids.max": "20\n",
        "cpu/cpu.stat": "nr_periods 10\nnr_throttled 4\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return Cgroup("v1", {name: str(tmp_path / name) for name in ("memory", "pids", "cpu")})


def test_both_versions_answer_the_same_questions(version_2, version_1):
    assert (version_2.limit, version_1.limit) == (64 * MB, None)
    assert (version_2.pids_limit, version_1.pids_limit) == (None, 20)
    assert (version_2.oom_kills, version_1.oom_kills) == (1, 3)
    for group in (version_2, version_1):
        assert group.usage == MB
        assert group.pids == [7, 9]
        assert group.throttled == (4, 10)
        assert "1MiB of" in repr(group)
        assert "memory" in group._repr_html_()


def test_the_other_version_s_name_is_explained(version_2, version_1):
    assert version_2.read("memory.max") == "67108864"
    with pytest.raises(NotFound) as unknown:
        version_2.read("memory.limit_in_bytes")
    assert unknown.value.hint == "in version 2 it is memory.max"
    with pytest.raises(NotFound) as unknown:
        version_1.read("memory.max")
    assert unknown.value.hint == "in version 1 it is memory.limit_in_bytes"


@pytest.mark.parametrize("name", ["/etc/passwd", "../memory/cgroup.procs", ""])
def test_files_elsewhere_are_not_the_group_s(version_1, name):
    with pytest.raises(NotFound, match="cgroup v1 has no file"):
        version_1.path(name)


def test_a_group_that_is_not_there_says_why():
    group = cgroup_of({"Minidocker": {"Cgroup": {"Version": "none", "Reason": "read-only"}}})
    assert group.version == "none"
    with pytest.raises(NotFound) as missing:
        group.read("memory.max")
    assert missing.value.hint == "read-only"
    assert cgroup_of({}).paths == {}
    assert "not running" in repr(Cgroup("v2", {}))
