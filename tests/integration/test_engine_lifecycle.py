"""Containers from create to remove, on a real lab, without the API in between."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from pyminidocker.engine.engine import Engine
from pyminidocker.engine.records import ContainerConfig, HostOptions, RestartPolicy
from pyminidocker.engine.resources import Resources
from pyminidocker.errors import (
    Conflict,
    InvalidArgument,
    MiniDockerError,
    NotFound,
    NotModified,
)
from tests.support import enginelab
from tests.support.enginelab_scenarios import create, execute, output, run, start

SCENARIOS = [
    "runs",
    "streams_are_complete",
    "states",
    "signals",
    "auto_remove",
    "restart_policies",
    "failed_starts_leave_nothing",
    "failed_creates_leave_nothing",
    "volumes",
    "security",
    "attach_and_detach",
    "logs",
    "terminal",
    "execs",
    "networks",
    "events",
    "prune_and_usage",
    "nothing_is_left_open",
]


@pytest.mark.requires("userns", "busybox")
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_engine(scenario: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.getbasetemp() / "engine-lifecycle"
    home.mkdir(exist_ok=True)
    enginelab.run(__file__, scenario, home)


async def runs(engine: Engine) -> None:
    for mode in ("default", "none", "host"):
        result, text = await run(
            engine,
            "sh",
            "-c",
            "echo out; echo err >&2; hostname; cat /etc/hostname; exit 7",
            network_mode=mode,
            hostname="box",
        )
        assert result.exit_code == 7
        assert sorted(text.split()) == ["box", "box", "err", "out"], text
    result, _ = await run(engine, "sh", "-c", "kill -9 $$; exit 3")
    assert result.exit_code == 3  # nobody in a pid namespace can kill its pid 1
    user = "0:0" if engine.lab.single_id else "1000:5"
    _, text = await run(engine, "env", env=["A=b"], user=user, working_dir="/new/dir")
    assert "A=b" in text
    assert "PATH=" in text
    _, text = await run(engine, "sh", "-c", "id -u; id -g; pwd", user="0", working_dir="/new/dir")
    assert text.split() == ["0", "0", "/new/dir"]
    _, text = await run(engine, "hi", entrypoint=["echo", "there"])
    assert text == "there hi\n"
    result, _ = await run(engine, "touch", "/x", read_only=True)
    assert result.exit_code == 1
    _, text = await run(engine, "sh", "-c", "cat /proc/1/comm; exit 0", init=True)
    assert text.strip() not in ("sh", "")


async def streams_are_complete(engine: Engine) -> None:
    """Both streams of short-lived processes arrive in full, every time."""
    for number in range(60):
        mode = ("default", "none", "host")[number % 3]
        _, text = await run(engine, "sh", "-c", "echo out; echo err >&2", network_mode=mode)
        assert sorted(text.split()) == ["err", "out"], (number, text)
    container = await create(engine, "sh", "-c", "yes 0123456789 | head -c 5000000")
    attachment = await engine.containers.attach(container.id)
    await engine.containers.start(container.id)
    size = 0
    async for stream, data in attachment:
        assert stream == 1
        size += len(data)
    assert size == 5_000_000
    await engine.containers.wait(container.id)
    assert len(await output(engine, container)) == 5_000_000
    await engine.containers.remove(container.id)


async def states(engine: Engine) -> None:
    containers = engine.containers
    container = await create(engine, "sleep", "100", name="life")
    assert container.status == "created"
    for call in (
        containers.kill("life"),
        containers.top("life"),
    ):
        with pytest.raises(Conflict, match="is not running"):
            await call
    with pytest.raises(NotModified):
        await containers.stop("life")
    await containers.start("life")
    state = container.record.state
    assert (state.status, container.is_running) == ("running", True)
    assert os.path.exists(f"/proc/{state.pid}/root/bin/busybox")
    with pytest.raises(NotModified):
        await containers.start("life")
    with pytest.raises(Conflict, match="You cannot remove a running container"):
        await containers.remove("life")
    top = await containers.top("life")
    assert top.titles[0] == "UID"
    assert [row[-1] for row in top.processes] == ["sleep 100"]
    ended = containers.wait("life", condition="next-exit")
    await containers.stop("life", timeout_s=0)
    assert (await ended).exit_code == 137
    assert state.status == "exited"
    assert state.finished_at >= state.started_at > 0
    await containers.restart("life", timeout_s=0)
    assert container.is_running
    containers.rename("life", "other")
    assert containers.get("other") is container
    with pytest.raises(NotFound, match="No such container: life"):
        containers.get("life")
    removed = containers.wait("other", condition="removed")
    await containers.remove("other", force=True)
    assert (await removed).exit_code == 137
    with pytest.raises(NotFound):
        containers.get(container.id)
    assert not os.path.exists(container.directory)


async def signals(engine: Engine) -> None:
    script = "trap 'exit 5' TERM; trap 'exit 6' USR1; echo ready; while :; do sleep 0.05; done"
    for send, code in (
        (lambda ref: engine.containers.stop(ref, timeout_s=20), 5),
        (lambda ref: engine.containers.kill(ref, signal="USR1"), 6),
        (lambda ref: engine.containers.stop(ref, timeout_s=20, signal="SIGUSR1"), 6),
        (engine.containers.kill, 137),
    ):
        container = await start(engine, "sh", "-c", script)
        await anext(engine.containers.logs(container.id, follow=True))
        ended = engine.containers.wait(container.id)
        await send(container.id)
        assert (await ended).exit_code == code
        await engine.containers.remove(container.id)
    stubborn = await start(engine, "sh", "-c", "trap '' TERM; echo; while :; do sleep 0.05; done")
    await anext(engine.containers.logs(stubborn.id, follow=True))
    begun = time.monotonic()
    await engine.containers.stop(stubborn.id, timeout_s=0.3)
    assert 0.3 <= time.monotonic() - begun < 3
    assert stubborn.record.state.exit_code == 137
    with pytest.raises(InvalidArgument, match="Invalid signal: NOPE"):
        await engine.containers.kill(stubborn.id, signal="NOPE")
    await engine.containers.remove(stubborn.id)


async def auto_remove(engine: Engine) -> None:
    container = await create(engine, "sh", "-c", "exit 3", auto_remove=True, volumes=["/v"])
    gone = engine.containers.wait(container.id, condition="removed")
    await engine.containers.start(container.id)
    assert (await gone).exit_code == 3
    while engine.volumes.list():
        await asyncio.sleep(0.01)
    assert engine.containers.list(all=True) == []
    missing = await create(engine, "nosuch", auto_remove=True)
    gone = engine.containers.wait(missing.id, condition="removed")
    with pytest.raises(InvalidArgument, match="executable file not found"):
        await engine.containers.start(missing.id)
    assert (await gone).exit_code == 127


async def restart_policies(engine: Engine) -> None:
    failing = await start(engine, "sh", "-c", "exit 4", restart=RestartPolicy("on-failure", 2))
    while failing.status != "exited":
        await engine.containers.wait(failing.id, condition="next-exit")
    assert failing.record.restart_count == 2
    assert failing.record.state.exit_code == 4
    await engine.containers.remove(failing.id)

    always = await start(engine, "true", restart=RestartPolicy("always"))
    await engine.containers.wait(always.id, condition="next-exit")
    await engine.containers.wait(always.id, condition="next-exit")
    assert always.record.restart_count >= 1
    await engine.containers.stop(always.id)
    assert always.status == "exited"
    await asyncio.sleep(0.5)
    assert always.status == "exited"
    await engine.containers.remove(always.id)
    await waits_are_called_off(engine)


async def waits_are_called_off(engine: Engine) -> None:
    """A kill ends the waiting of a policy, as in Docker; a signal that is no stop does not."""
    for own, sent, after in (
        ("", "HUP", "exited"),
        ("SIGINT", "HUP", "restarting"),
        ("SIGINT", "INT", "exited"),
        ("SIGINT", "KILL", "exited"),
    ):
        loop = await start(
            engine, "sh", "-c", "exit 5", restart=RestartPolicy("always"), stop_signal=own
        )
        while loop.restart_delay_s < 0.4 or loop.status != "restarting":
            await engine.containers.wait(loop.id, condition="next-exit")
        await engine.containers.kill(loop.id, signal=sent)
        assert loop.status == after, (own, sent)
        assert (loop.restart_timer is None) == (after == "exited")
        await engine.containers.remove(loop.id, force=True)


async def failed_starts_leave_nothing(engine: Engine) -> None:
    for argv, options, code, text in (
        (["nosuch"], {}, 127, 'exec: "nosuch": executable file not found in $PATH'),
        (["/etc/passwd"], {}, 126, "permission denied"),
        (["true"], {"user": "nosuch"}, 128, "unable to find user nosuch"),
        (["true"], {"network_mode": "nosuch"}, 128, "network nosuch not found"),
    ):
        container = await create(engine, *argv, **options)
        with pytest.raises(MiniDockerError) as caught:
            await engine.containers.start(container.id)
        assert text in str(caught.value), str(caught.value)
        state = container.record.state
        assert (state.status, state.exit_code) == ("created", code), caught.value
        assert text in state.error
        assert os.listdir(engine.etc_dir) == []
        assert engine.networks.endpoints(engine.networks.get("bridge").id) == {}
        await engine.containers.remove(container.id)
    container = await start(engine, "sleep", "9")
    assert container.record.endpoints["bridge"].ip_address == "172.17.0.2"
    await engine.containers.remove(container.id, force=True)


async def failed_creates_leave_nothing(engine: Engine) -> None:
    await create(engine, "true", name="taken")
    refusals: list[tuple[type[MiniDockerError], str, dict[str, object]]] = [
        (Conflict, 'Conflict. The container name "/taken" is already', {"name": "taken"}),
        (NotFound, "No such image: nosuch:latest", {"image": "nosuch"}),
        (InvalidArgument, "Invalid container name", {"name": "a b"}),
        (InvalidArgument, "Duplicate mount point: /y", {"binds": ["v1:/y", "v2:/y"]}),
        (InvalidArgument, "includes invalid characters", {"binds": ["ok:/a", "a/b:/y"]}),
        (InvalidArgument, "Minimum memory limit", {"resources": Resources(memory_bytes=5)}),
    ]
    for kind, text, options in refusals:
        with pytest.raises(kind, match=text.replace("(", r"\(")):
            await create(engine, "true", **options)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="No command specified"):
        await engine.containers.create(
            ContainerConfig(image="busybox", entrypoint=[""]), HostOptions()
        )
    assert [item.name for item in engine.containers.list(all=True)] == ["taken"]
    assert engine.volumes.list() == []
    shown = [name for name in os.listdir(engine.directories.root) if not name.startswith(".")]
    assert shown == [engine.containers.get("taken").id]
    await engine.containers.remove("taken")


async def volumes(engine: Engine) -> None:
    _, text = await run(engine, "sh", "-c", "echo kept > /d/f; cat /d/f", binds=["data:/d"])
    assert text == "kept\n"
    _, text = await run(engine, "sh", "-c", "cat /d/f; echo x > /d/f", binds=["data:/d:ro"])
    assert "kept" in text
    assert "Read-only" in text
    holder = await create(engine, "true", binds=["data:/d"])
    with pytest.raises(Conflict, match="volume is in use"):
        await engine.volumes.remove("data")
    _, text = await run(engine, "cat", "/d/f", volumes_from=[holder.id])
    assert text == "kept\n"
    await engine.containers.remove(holder.id)
    await engine.volumes.remove("data")
    with pytest.raises(NotFound, match="get data: no such volume"):
        engine.volumes.get("data")
    _, text = await run(engine, "ls", "/etc", binds=["filled:/etc"])
    assert "passwd" in text.split()
    assert os.path.exists(f"{engine.volumes.get('filled').mountpoint}/passwd")
    await engine.volumes.remove("filled")
    place = f"{engine.state_dir}/../bound"
    _, text = await run(
        engine, "sh", "-c", "echo hi > /b/f", binds=[f"{os.path.abspath(place)}:/b"]
    )
    assert Path(f"{place}/f").read_text() == "hi\n"
    _, text = await run(engine, "sh", "-c", "grep ' /t ' /proc/mounts", tmpfs={"/t": "size=1m"})
    assert "size=1024k" in text
    assert "noexec" in text
    assert engine.volumes.list() == []


async def security(engine: Engine) -> None:
    _, text = await run(
        engine, "grep", "-E", "CapEff|CapBnd|Seccomp:|NoNewPrivs", "/proc/self/status"
    )
    values = dict(line.split(":\t") for line in text.splitlines())
    assert values["CapEff"] == values["CapBnd"] == "00000000a80425fb"
    assert values["Seccomp"].strip() == "2"
    _, text = await run(engine, "grep", "CapEff", "/proc/self/status", cap_drop=["ALL"])
    assert text.split()[1] == "0" * 16
    _, text = await run(
        engine, "grep", "NoNewPrivs", "/proc/self/status", security_opt=["no-new-privileges"]
    )
    assert text.split()[1] == "1"
    result, text = await run(engine, "sh", "-c", "echo 1 > /proc/sys/kernel/hostname")
    assert result.exit_code != 0
    _, text = await run(engine, "sh", "-c", "ulimit -n", ulimits=[("nofile", 100, 200)])
    assert text == "100\n"


async def attach_and_detach(engine: Engine) -> None:
    container = await create(engine, "cat", open_stdin=True, stdin_once=True)
    attachment = await engine.containers.attach(container.id, stdin=True)
    await attachment.write(b"early ")
    await engine.containers.start(container.id)
    await attachment.write(b"late")
    attachment.write_eof()
    assert b"".join([data async for _, data in attachment]) == b"early late"
    assert (await engine.containers.wait(container.id)).exit_code == 0
    await engine.containers.remove(container.id)

    kept = await start(engine, "cat", open_stdin=True, tty=True)
    attachment = await engine.containers.attach(kept.id, stdin=True)
    await attachment.write(b"hello\n")
    seen = b""
    while seen.count(b"hello") < 2:
        seen += (await anext(attachment))[1]
    await attachment.write(b"\x10\x11")
    assert attachment.detached
    assert [data async for _, data in attachment] == []
    assert kept.is_running
    again = await engine.containers.attach(kept.id, stdin=True, logs=True)
    assert b"hello" in (await anext(again))[1]
    again.close()
    await engine.containers.remove(kept.id, force=True)


async def logs(engine: Engine) -> None:
    container = await start(engine, "sh", "-c", "for i in 1 2 3 4; do echo $i; sleep 0.05; done")
    followed = [record.data async for record in engine.containers.logs(container.id, follow=True)]
    assert followed == [b"1\n", b"2\n", b"3\n", b"4\n"]
    tail = [record.data async for record in engine.containers.logs(container.id, tail=2)]
    assert tail == [b"3\n", b"4\n"]
    records = [record async for record in engine.containers.logs(container.id)]
    middle = records[1].time_ns / 1e9 + 0.001
    since = [record.data async for record in engine.containers.logs(container.id, since=middle)]
    until = [record.data async for record in engine.containers.logs(container.id, until=middle)]
    assert (until, since) == ([b"1\n", b"2\n"], [b"3\n", b"4\n"])
    with pytest.raises(InvalidArgument, match="you must choose at least one stream"):
        engine.containers.logs(container.id, stdout=False, stderr=False)
    await engine.containers.remove(container.id)
    silent = await start(engine, "sleep", "9")
    following = asyncio.ensure_future(_all(engine.containers.logs(silent.id, follow=True)))
    await engine.containers.kill(silent.id)
    assert await following == []
    await engine.containers.remove(silent.id)


async def _all(items: object) -> list[object]:
    return [item async for item in items]  # type: ignore[attr-defined]


async def terminal(engine: Engine) -> None:
    container = await create(
        engine, "sh", "-c", "tty; stty size; read x; stty size", tty=True, open_stdin=True
    )
    container.hub.resize(30, 90)
    attachment = await engine.containers.attach(container.id, stdin=True)
    await engine.containers.start(container.id)
    seen = b""
    while b"30 90" not in seen:
        seen += (await anext(attachment))[1]
    assert seen.startswith(b"/dev/pts/0\r\n")
    engine.containers.resize(container.id, rows=20, cols=50)
    await attachment.write(b"\n")
    seen += b"".join([data async for _, data in attachment])
    assert b"20 50" in seen
    await engine.containers.wait(container.id)
    await engine.containers.remove(container.id)


async def execs(engine: Engine) -> None:
    container = await start(engine, "sleep", "100", env=["FROM=container"])
    code, text = await execute(
        engine, container, "sh", "-c", "echo $FROM $X; exit 9", env=["X=exec"]
    )
    assert (code, text) == (9, "container exec\n")
    code, text = await execute(engine, container, "cat", "/proc/1/comm")
    assert text == "sleep\n"
    code, text = await execute(engine, container, "pwd", working_dir="/etc")
    assert text == "/etc\n"
    code, text = await execute(engine, container, "tty", tty=True)
    assert text.startswith("/dev/pts/")
    with pytest.raises(InvalidArgument, match="executable file not found"):
        await execute(engine, container, "nosuch")
    from pyminidocker.engine.records import ExecRecord

    record = engine.execs.create(container.id, ExecRecord("", "", ["cat"], open_stdin=True))
    attachment = engine.execs.attach(record.id, stdin=True, stdout=True, stderr=True)
    await engine.execs.start(record.id)
    await attachment.write(b"through")
    attachment.write_eof()
    assert b"".join([data async for _, data in attachment]) == b"through"
    assert await engine.execs.wait(record.id) == 0
    with pytest.raises(Conflict, match="has already run"):
        await engine.execs.start(record.id)
    endless = engine.execs.create(container.id, ExecRecord("", "", ["sleep", "100"]))
    await engine.execs.start(endless.id)
    assert engine.execs.get(endless.id).running
    await engine.containers.kill(container.id)
    assert await engine.execs.wait(endless.id) == 137
    with pytest.raises(Conflict, match="is not running"):
        engine.execs.create(container.id, ExecRecord("", "", ["true"]))
    await engine.containers.remove(container.id)
    with pytest.raises(NotFound, match="No such exec instance"):
        engine.execs.get(endless.id)


async def networks(engine: Engine) -> None:
    first = await start(engine, "sleep", "100")
    second = await start(engine, "sleep", "100")
    places = [item.record.endpoints["bridge"] for item in (first, second)]
    assert [place.ip_address for place in places] == ["172.17.0.2", "172.17.0.3"]
    assert places[0].mac_address == "02:42:ac:11:00:02"
    bridge = engine.networks.get("bridge")
    assert set(engine.networks.endpoints(bridge.id)) == {first.id, second.id}
    code, text = await execute(engine, second, "ping", "-c1", "-W2", places[0].ip_address)
    assert code == 0, text
    _, text = await execute(engine, first, "cat", "/etc/resolv.conf")
    assert text == f"nameserver {bridge.gateway}\n"
    await engine.containers.kill(first.id)
    assert places[0].ip_address == ""
    third = await start(engine, "sleep", "100")
    assert third.record.endpoints["bridge"].ip_address == "172.17.0.2"
    code, text = await execute(engine, second, "ping", "-c1", "-W2", "172.17.0.2")
    assert code == 0, text
    for container in (first, second, third):
        await engine.containers.remove(container.id, force=True)
    _, text = await run(engine, "ls", "/sys/class/net", network_mode="none")
    assert text.split() == ["lo"]
    _, text = await run(engine, "ls", "/sys/class/net", network_mode="host")
    assert "docker0" in text.split()
    assert engine.networks.endpoints(bridge.id) == {}


async def events(engine: Engine) -> None:
    listening = engine.events.subscribe()
    container = await start(engine, "sleep", "9", name="seen", labels={"a": "b"}, volumes=["/v"])
    await execute(engine, container, "true")
    await engine.containers.stop(container.id, timeout_s=0)
    await engine.containers.remove(container.id, volumes=True)
    listening.close()
    seen = [(event.type, event.action) async for event in listening]
    assert seen == [
        ("volume", "create"),
        ("container", "create"),
        ("network", "connect"),
        ("volume", "mount"),
        ("container", "start"),
        ("container", "exec_create: true "),
        ("container", "exec_start: true "),
        ("container", "exec_die"),
        ("container", "kill"),
        ("container", "kill"),
        ("container", "die"),
        ("volume", "unmount"),
        ("network", "disconnect"),
        ("container", "stop"),
        ("container", "destroy"),
        ("volume", "destroy"),
    ]
    past = engine.events.subscribe(until=time.time(), filters={"event": ["die"]})
    died = [event async for event in past]
    assert died[-1].attributes == {"a": "b", "image": "busybox", "name": "seen", "exitCode": "137"}


async def prune_and_usage(engine: Engine) -> None:
    kept = await start(engine, "sleep", "100")
    gone = await start(engine, "sh", "-c", "head -c 100000 /dev/zero > /f", labels={"x": "1"})
    await engine.containers.wait(gone.id)
    usage = await engine.system.disk_usage()
    assert usage.containers[gone.id].rw_bytes == 100_000
    assert usage.layers_size_bytes > 0
    none = await engine.containers.prune({"label": ["y"]})
    assert none.deleted == []
    report = await engine.containers.prune()
    assert report.deleted == [gone.id]
    assert report.space_reclaimed_bytes == 100_000
    engine.volumes.create("named")
    engine.volumes.create("")
    assert len((await engine.volumes.prune()).deleted) == 1
    assert (await engine.volumes.prune({"all": ["1"]})).deleted == ["named"]
    info = engine.system.info()
    assert (info.containers, info.running) == (1, 1)
    facts = engine.system.facts()
    assert facts.namespaces["net"] == os.stat("/proc/self/ns/net").st_ino
    await engine.containers.remove(kept.id, force=True)


async def nothing_is_left_open(engine: Engine) -> None:
    for _ in range(3):
        await run(engine, "echo", "hi")
    await asyncio.sleep(0.2)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        await run(engine, "echo", "hi")
        with pytest.raises(InvalidArgument):
            await run(engine, "nosuch")
        await engine.containers.prune()
    await asyncio.sleep(0.2)
    assert len(os.listdir("/proc/self/fd")) <= before + 2
    assert os.listdir(engine.etc_dir) == []
