"""The options that limit a container, read as Docker reads them; the texts are docker's."""

import pytest

from pyminidocker.cli.command import parse
from pyminidocker.cli.commands.run import RUN
from pyminidocker.cli.commands.update import UPDATE
from pyminidocker.cli.failures import Failure
from pyminidocker.cli.limits import device, resources
from pyminidocker.cli.run_config import create_body


def host(line: str) -> dict:
    call = parse(RUN, "run", [*line.split(), "busybox"])
    return create_body(call.options, call.given, call.arguments)["HostConfig"]


def test_everything_at_once():
    found = host(
        "-m 64m --memory-swap -1 --memory-reservation 32m --memory-swappiness 5 --cpus .5 -c 100"
        " --cpuset-cpus 0 --cpuset-mems 0 --pids-limit 20 --blkio-weight 500 --oom-score-adj 100"
        " --blkio-weight-device /dev/vda:500 --device-read-bps /dev/vda:1mb --device-write-iops"
        " /dev/vda:10 --sysctl net.core.somaxconn=200 --device /dev/null:/dev/x:rw --ulimit"
        " nofile=10 --ulimit core=0:-1"
    )
    expected = {
        "Memory": 64 << 20,
        "MemorySwap": -1,
        "MemoryReservation": 32 << 20,
        "MemorySwappiness": 5,
        "NanoCpus": 500_000_000,
        "CpuShares": 100,
        "CpusetCpus": "0",
        "CpusetMems": "0",
        "PidsLimit": 20,
        "BlkioWeight": 500,
        "OomScoreAdj": 100,
        "BlkioWeightDevice": [{"Path": "/dev/vda", "Weight": 500}],
        "BlkioDeviceReadBps": [{"Path": "/dev/vda", "Rate": 1 << 20}],
        "BlkioDeviceWriteIOps": [{"Path": "/dev/vda", "Rate": 10}],
        "Sysctls": {"net.core.somaxconn": "200"},
        "Devices": [
            {"PathOnHost": "/dev/null", "PathInContainer": "/dev/x", "CgroupPermissions": "rw"}
        ],
        "Ulimits": [
            {"Name": "nofile", "Soft": 10, "Hard": 10},
            {"Name": "core", "Soft": 0, "Hard": -1},
        ],
    }
    assert {key: found[key] for key in expected} == expected


def test_a_run_without_limits_says_nothing_of_them():
    assert not {"Memory", "NanoCpus", "PidsLimit", "Devices", "Ulimits"} & set(host("--rm"))


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("-m -1", 'invalid argument "-1" for "-m, --memory" flag: invalid size: \'-1\''),
        ("-m x", 'invalid argument "x" for "-m, --memory" flag: invalid size: \'x\''),
        ("--memory-swap -2", "invalid size: '-2'"),
        ("--cpus x", 'invalid argument "x" for "--cpus" flag: failed to parse x as a rational'),
        ("--cpus nan", "failed to parse nan as a rational number"),
        ("--cpus inf", "failed to parse inf as a rational number"),
        ("--cpus -1e999", "failed to parse -1e999 as a rational number"),
        ("--cpus 1.0000000001", '"--cpus" flag: value is too precise'),
        ("--memory-swappiness 101", "invalid value: 101. Valid memory swappiness range is 0-100"),
        ("--blkio-weight x", 'strconv.ParseUint: parsing "x": invalid syntax'),
        ("--blkio-weight-device /dev/vda:5", "invalid weight for device: /dev/vda:5"),
        ("--blkio-weight-device vda:500", "bad format for device path: vda:500"),
        ("--blkio-weight-device /dev/vda", "bad format: /dev/vda"),
        ("--device-read-bps /dev/vda:x", "Unit is optional and can be kb, mb, or gb"),
        ("--device-read-iops /dev/vda:x", "<device-path>:<number>. Number must be a positive"),
        ("--cgroupns x", "--cgroupns: invalid CGROUP mode"),
        ("--sysctl kernel.hostname=x", "sysctl 'kernel.hostname=x' is not allowed"),
        ("--sysctl net.x", "sysctl 'net.x' is not allowed"),
        ("--device /dev/null:/dev/x:q", "bad mode specified: q"),
        ("--device null", "null is not an absolute path"),
        ("--device a:b:c:d", "bad format for path: a:b:c:d"),
        ("--ulimit x=10", "invalid ulimit type: x"),
        ("--ulimit nofile=10:5", "soft limit must be less than or equal to hard limit: 10 > 5"),
        ("--ulimit nofile", "invalid ulimit argument: nofile"),
    ],
)
def test_nonsense_is_refused_in_docker_s_words(line, text):
    with pytest.raises(Failure) as refused:
        host(line)
    assert text in refused.value.message
    assert refused.value.exit_code == 125


def test_cpus_may_be_a_fraction():
    assert host("--cpus 1/2")["NanoCpus"] == 500_000_000
    assert host("--cpus 0.29")["NanoCpus"] == 290_000_000


def test_a_device_in_all_its_spellings():
    assert device("/dev/fuse")["PathInContainer"] == "/dev/fuse"
    assert device("/dev/fuse:r")["CgroupPermissions"] == "r"
    assert device("/dev/fuse:/dev/f") == {
        "PathOnHost": "/dev/fuse",
        "PathInContainer": "/dev/f",
        "CgroupPermissions": "rwm",
    }


def test_an_update_tells_zeros_too():
    call = parse(UPDATE, "update", ["--pids-limit", "0", "-m", "64m", "box"])
    assert resources(call.options, call.given) == {"PidsLimit": 0, "Memory": 64 << 20}


def test_an_update_of_nothing_is_refused():
    call = parse(UPDATE, "update", ["box"])
    with pytest.raises(Failure, match="you must provide one or more flags"):
        UPDATE.run(call)
