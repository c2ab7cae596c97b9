"""Networks and the engine's life: killed at any moment, restarted, worked hard; damaged records."""

import json
import os
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import pyminidocker
from pyminidocker import errors
from pyminidocker.client.engine import Engine
from tests.conftest import remove_state
from tests.support.leaks import read_traces, wait_until_clean
from tests.support.processes import kill
from tests.support.talker import until

NAME = "nets"
NETWORKS = ("red", "blue")
ROUNDS = 25


@pytest.fixture
def engine(home: Path) -> Iterator[Engine]:
    """A client of an engine in the test's own directories."""
    with pyminidocker.connect(NAME) as client:
        client.bootstrap("busybox")
        yield client


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Directories of the test's own; nothing of its engines may be left on the machine."""
    place = Path(tempfile.mkdtemp(prefix="md-", dir="/tmp"))
    monkeypatch.setenv("MINIDOCKER_ROOT", f"{place}/state")
    monkeypatch.setenv("MINIDOCKER_RUN", f"{place}/run")
    before = read_traces(str(place))
    yield place
    with pyminidocker.connect(NAME) as engine:
        for container in engine.containers(all=True):
            container.remove(force=True)
        engine.shutdown()
    left = wait_until_clean(before, str(place), apart_from=("fds",))
    log = Path(f"{place}/run/{NAME}/daemon.log").read_text()
    remove_state(place)
    assert not left, f"left behind: {left}"
    assert not re.search(r"Traceback|never retrieved|ERROR", log), log


def make_networks(engine: Engine) -> None:
    for number, name in enumerate(NETWORKS, 81):
        pool = {"Subnet": f"10.{number}.0.0/24"}
        engine.api.network_create(
            {"Name": name, "IPAM": {"Config": [pool]}, "Labels": {"number": str(number)}}
        )


def start(engine: Engine, name: str, **host: object) -> None:
    body = {
        "Image": "busybox", "Cmd": ["sleep", "1000"],
        "HostConfig": {"NetworkMode": "red", **host},
        "NetworkingConfig": {"EndpointsConfig": {"red": {"Aliases": [f"{name}-alias"]}}},
    }  # fmt: skip
    engine.api.container_start(engine.api.container_create(body, name=name)["Id"])


def pings(engine: Engine, one: str, other: str) -> bool:
    return engine.container(one).exec(["ping", "-c", "1", "-W", "1", other]).exit_code == 0


def kill_engine(engine: Engine) -> None:
    """End the engine as a power cut would; the next call starts another."""
    kill(engine.api.engine_facts()["Pid"])


def listed(engine: Engine) -> dict[str, object]:
    """The networks, without host: what that one is changes with the engine's process."""
    return {one["Name"]: one for one in engine.api.network_list() if one["Name"] != "host"}


def test_killed_with_networks_in_use(engine: Engine) -> None:
    make_networks(engine)
    start(engine, "plain")
    start(engine, "again", RestartPolicy={"Name": "always"})
    engine.api.network_connect("blue", "again", {"Aliases": ["second"]})
    engine.api.network_connect("blue", "plain")
    before = listed(engine)
    kill_engine(engine)

    assert listed(engine) == before
    plain = engine.container("plain")
    assert plain.status == "exited"
    networks = engine.api.container_inspect("plain")["NetworkSettings"]["Networks"]
    assert {name: one["IPAddress"] for name, one in networks.items()} == {"red": "", "blue": ""}
    until(lambda: engine.container("again").status == "running")
    plain.start()
    for name in ("again", "again-alias", "second", "plain-alias"):
        assert pings(engine, "plain", name), name
    look = str(engine.container("again").exec(["ip", "-o", "-4", "addr"]).stdout)
    assert re.findall(r"(eth\d) +inet (10\S+)", look) == [
        ("eth0", "10.81.0.2/24"), ("eth1", "10.82.0.2/24"),
    ]  # fmt: skip


def test_killed_while_networks_come_and_go(engine: Engine, home: Path) -> None:
    """Whatever moment: what was said to be made is there, what was removed is not."""
    for turn in range(8):
        made = [
            str(engine.api.network_create({"Name": f"n{turn}-{number}"})["Id"])
            for number in range(3)
        ]
        engine.api.network_remove(made[0])
        body = {"Image": "busybox", "Cmd": ["sleep", "100"], "HostConfig": {"NetworkMode": made[1]}}
        container = engine.api.container_create(body, name=f"c{turn}")["Id"]
        if turn % 2:
            engine.api.container_start(container)
            engine.api.network_connect(made[2], container)
        kill_engine(engine)
        there = {one["Id"] for one in engine.api.network_list()}
        assert set(made[1:]) <= there
        assert made[0] not in there
        engine.api.container_start(container)  # on networks that the new engine has made again
        assert len(engine.api.network_inspect(made[1])["Containers"]) == 1
        engine.container(container).remove(force=True)
        assert sorted(engine.api.network_prune()["NetworksDeleted"]) == [
            f"n{turn}-1", f"n{turn}-2",
        ]  # fmt: skip
    files = os.listdir(f"{home}/state/{NAME}/networks")
    assert len(files) == 3


def test_damaged_and_impossible_records_are_named(engine: Engine, home: Path) -> None:
    make_networks(engine)
    ids = {one["Name"]: one["Id"] for one in engine.api.network_list()}
    engine.shutdown()
    folder = Path(f"{home}/state/{NAME}/networks")
    (folder / f"{ids['red']}.json").write_text("{ not json")
    record = json.loads((folder / f"{ids['blue']}.json").read_text())
    (folder / f"{ids['blue']}.json").write_text(json.dumps({**record, "subnet": "10.82.0.0/33"}))
    assert {one["Name"] for one in engine.api.network_list()} == {"bridge", "host", "none"}
    assert engine.run("busybox", ["echo", "works"]).stdout == "works\n"
    log = Path(f"{home}/run/{NAME}/daemon.log").read_text()
    assert f"{ids['red']}.json" in log
    assert f"{ids['blue']}.json describes a network that cannot be" in log
    for name in NETWORKS:
        (folder / f"{ids[name]}.json").unlink()


def test_names_are_asked_of_dockers_own_bridge_whatever_else_there_is(
    engine: Engine, home: Path
) -> None:
    """A user's network that is loaded first lent its gateway, which goes when it is removed."""
    former = engine.api.network_create({"Name": "early"})["Id"]
    engine.shutdown()
    folder, first = Path(f"{home}/state/{NAME}/networks"), "0" * 64
    record = json.loads((folder / f"{former}.json").read_text())
    (folder / f"{former}.json").unlink()
    (folder / f"{first}.json").write_text(json.dumps({**record, "id": first}))
    asked = engine.run("busybox", ["cat", "/etc/resolv.conf"]).stdout
    assert asked.startswith("nameserver 172.17.0.1\n")
    assert engine.network("early").id == first


def test_records_of_the_former_release_load(engine: Engine, home: Path) -> None:
    made = engine.create("busybox", ["sleep", "100"], name="old")
    ids = {one["Name"]: one["Id"] for one in engine.api.network_list()}
    engine.shutdown()
    state = Path(f"{home}/state/{NAME}")
    path = state / "networks" / f"{ids['bridge']}.json"
    known = ("id", "name", "driver", "created", "subnet", "gateway", "bridge", "internal", "labels",
             "options")  # fmt: skip
    record = json.loads(path.read_text())
    path.write_text(json.dumps({key: record[key] for key in known}))
    path = state / "containers" / made.id / "config.json"
    record = json.loads(path.read_text())
    del record["host"]["links"], record["config"]["mac_address"]
    record["endpoints"] = {
        "bridge": {
            "network_id": "", "network_name": "", "endpoint_id": "", "ip_address": "",
            "prefix_len": 0, "gateway": "", "mac_address": "", "aliases": [],
        }
    }  # fmt: skip
    path.write_text(json.dumps(record))
    assert engine.container("old").start().ip_address == "172.17.0.2"


def test_nothing_piles_up(engine: Engine) -> None:
    make_networks(engine)
    work(engine, 5)  # what is made once has been made
    first = settled(engine)
    work(engine, ROUNDS)
    assert settled(engine) == first


def work(engine: Engine, rounds: int) -> None:
    api = engine.api
    start(engine, "stays")
    for number in range(rounds):
        api.network_create({"Name": "short"})
        start(engine, "one")
        api.network_connect("short", "one")
        api.network_connect("blue", "stays")
        sharer = {"Image": "busybox", "Cmd": ["true"],
                  "HostConfig": {"NetworkMode": "container:one"}}  # fmt: skip
        shared = api.container_create(sharer, name="shared")["Id"]
        api.container_start(shared)
        with pytest.raises(errors.PermissionDenied):
            api.network_remove("short")
        if number % 2:
            api.network_disconnect("short", "one")
            api.network_disconnect("blue", "stays")
        else:
            engine.container("stays").restart(timeout_s=0)
            api.network_disconnect("blue", "stays")
        engine.container("one").remove(force=True)
        engine.container("shared").remove(force=True)
        api.network_remove("short")
    engine.container("stays").remove(force=True)


def settled(engine: Engine) -> dict[str, object]:
    """Read what the engine holds until it has not changed for a while."""
    reading, same = read(engine), 0
    end = time.monotonic() + 10
    while same < 10 and time.monotonic() < end:
        time.sleep(0.05)
        former, reading = reading, read(engine)
        same = same + 1 if former == reading else 0
    return reading


def read(engine: Engine) -> dict[str, object]:
    facts = engine.api.engine_facts()
    pid = facts["Pid"]
    targets = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            targets.append(re.sub(r"\d+", "N", os.readlink(f"/proc/{pid}/fd/{fd}")))
        except FileNotFoundError:
            continue
    lines = Path(f"/proc/{pid}/net/dev").read_text().splitlines()[2:]
    links = [re.sub(r"veth[0-9a-f]+", "veth", line.split(":")[0].strip()) for line in lines]
    return {"fds": sorted(targets), "links": sorted(links)}
