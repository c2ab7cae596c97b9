"""The bare runtime: a container's root, users, capabilities, terminal, exit codes."""

import os
import stat

import pytest

from pyminidocker.kernel import procfs, terminal
from pyminidocker.runtime.defaults import DEFAULT_MASKED_PATHS
from pyminidocker.runtime.spec import Mount
from pyminidocker.runtime.zygote import Failed
from tests.support.runtime_lab import scenario as scenario

pytestmark = pytest.mark.requires("busybox")


def test_output_and_exit_code(scenario):
    def play(bench):
        return bench.run("echo out; echo err >&2; exit 7"), bench.run(["cat"], stdin=b"through")

    first, second = scenario(play)
    assert (first.exit_code, first.out, first.err) == (7, "out\n", "err\n")
    assert (second.exit_code, second.out) == (0, "through")


def test_killed_is_128_plus_signal(scenario):
    def play(bench):
        started = bench.start(bench.spec(["sleep", "100"]))
        from pyminidocker.kernel.pidfd import pidfd_send_signal

        pidfd_send_signal(started.pidfd, 9)
        return bench.wait(started)

    assert scenario(play) == 137


def test_namespaces_are_new(scenario):
    def play(bench):
        started = bench.start(bench.spec(["sleep", "100"]))
        inside = procfs.namespace_inodes(started.host_pid)
        outside = procfs.namespace_inodes("self")
        return {kind for kind in inside if inside[kind] != outside[kind]}, procfs.status(
            started.host_pid
        )["NSpid"].split()[-1]

    different, pid_inside = scenario(play)
    assert different == {"mount", "pid", "network", "uts", "ipc", "cgroup"}
    assert pid_inside == "1"


def test_network_host_shares_the_labs(scenario):
    def play(bench):
        started = bench.start(bench.spec(["sleep", "100"], network="host"))
        return (
            procfs.namespace_inodes(started.host_pid)["network"]
            == procfs.namespace_inodes("self")["network"]
        )

    assert scenario(play)


def test_only_what_docker_mounts(scenario):
    result = scenario(lambda bench: bench.run("cat /proc/self/mountinfo"))
    mounts = {m.mount_point: m for m in map(procfs.parse_mountinfo, result.out.splitlines())}
    for place, kind in {
        "/": "overlay",
        "/proc": "proc",
        "/sys": "sysfs",
        "/dev": "tmpfs",
        "/dev/pts": "devpts",
        "/dev/shm": "tmpfs",
        "/dev/mqueue": "mqueue",
    }.items():
        assert mounts[place].fstype == kind
    assert "ro" in mounts["/sys"].options
    assert "ro" in mounts["/proc/sys"].options
    # version 1 of cgroups: one for each tree
    seen = {place for place in mounts if not place.startswith("/sys/fs/cgroup/")}
    assert seen <= {
        *("/", "/proc", "/sys", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys/fs/cgroup"),
        *("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"),
        *(f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom", "tty")),
        *DEFAULT_MASKED_PATHS,
    }
    assert all(not mount.propagation for mount in mounts.values())


def test_masked_paths_are_empty(scenario):
    script = (
        "cat /proc/keys /proc/timer_list; ls -A /sys/firmware; echo x > /proc/sys/vm/swappiness"
    )
    result = scenario(lambda bench: bench.run(script))
    assert result.out == ""
    assert "Read-only file system" in result.err


def test_devices(scenario):
    script = (
        "echo x > /dev/null && head -c 3 /dev/zero | wc -c && head -c 3 /dev/urandom | wc -c && "
        "readlink /dev/fd && readlink /dev/stdin && readlink /dev/ptmx && "
        "echo through > /dev/stdout && echo x > /dev/full"
    )
    result = scenario(lambda bench: bench.run(script))
    assert result.out.split() == [
        "3",
        "3",
        "/proc/self/fd",
        "/proc/self/fd/0",
        "pts/ptmx",
        "through",
    ]
    assert "No space left" in result.err


def test_writes_go_to_the_upper_directory(scenario, tmp_path):
    def play(bench):
        spec = bench.spec("echo new > /made && rm /etc/group && touch /etc/passwd")
        bench.wait(bench.start(spec))
        upper = spec.upper_dir
        whiteout = os.lstat(f"{upper}/etc/group")
        return (
            open(f"{upper}/made").read(),
            stat.S_ISCHR(whiteout.st_mode) and whiteout.st_rdev == 0,
            os.path.exists(f"{upper}/etc/passwd"),
            os.path.exists(f"{bench.rootfs}/made"),
        )

    assert scenario(play) == ("new\n", True, True, False)


def test_two_hundred_layers(scenario):
    def play(bench):
        layers = []
        for number in range(200):
            layer = bench.base / "layers" / f"{number:064x}" / "diff"
            layer.mkdir(parents=True)
            (layer / "who").write_text(str(number))
            layers.append(str(layer))
        spec = bench.spec("cat /who")
        spec.lower_dirs = [*reversed(layers), *spec.lower_dirs]
        return bench._collect(lambda stdio: bench.start(spec, stdio), b"")

    assert scenario(play).out == "199"


def test_two_hundred_layers_on_a_kernel_without_lowerdir_plus(scenario):
    """Linux before 6.5: one mount(2), whose options must fit into a page."""

    def play(bench):
        from pyminidocker.runtime import rootfs

        rootfs._mount_by_steps = rootfs._mount_by_string
        layers = []
        for number in range(200):
            layer = bench.base / "layers" / f"{number:064x}" / "diff"
            layer.mkdir(parents=True)
            (layer / "who").write_text(str(number))
            layers.append(str(layer))
        spec = bench.spec("cat /who; touch /new")
        spec.lower_dirs = [*reversed(layers), *spec.lower_dirs]
        result = bench._collect(lambda stdio: bench.start(spec, stdio), b"")
        return result.out, os.path.exists(f"{spec.upper_dir}/new")

    assert scenario(play) == ("199", True)


def test_a_missing_layer_is_named(scenario):
    def play(bench):
        spec = bench.spec("true")
        spec.lower_dirs = ["/nowhere/diff", *spec.lower_dirs]
        failed = bench.start(spec)
        return str(failed.error), failed.error.stage

    message, stage = scenario(play)
    assert stage == "rootfs"
    assert "/nowhere/diff" in message


def test_read_only_root(scenario):
    result = scenario(
        lambda bench: bench.run("touch /x; touch /dev/shm/x && echo shm", read_only=True)
    )
    assert "Read-only file system" in result.err
    assert result.out == "shm\n"


def test_bind_mounts(scenario):
    def play(bench):
        shared = bench.base / "shared"
        shared.mkdir()
        (shared / "greeting").write_text("hello\n")
        (bench.base / "single").write_text("one file\n")
        mounts = bench.spec("true").mounts
        return bench.run(
            "cat /data/greeting /etc/single; echo back > /data/answer; touch /ro/x",
            mounts=[
                *mounts,
                Mount("/data", "bind", str(shared), []),
                Mount("/etc/single", "bind", str(bench.base / "single"), []),
                Mount("/ro", "bind", str(shared), ["ro"]),
            ],
        ), (shared / "answer").read_text()

    result, answer = scenario(play)
    assert result.out == "hello\none file\n"
    assert answer == "back\n"
    assert "Read-only file system" in result.err


def test_a_link_in_the_image_cannot_reach_the_host(scenario):
    """A mount point that is a link to /etc of the host ends up in the container's /etc."""

    def play(bench):
        layer = bench.base / "evil"
        layer.mkdir()
        (layer / "escape").symlink_to("/../../../../etc")
        (bench.base / "marker").write_text("bound\n")
        spec = bench.spec("cat /etc/marker")
        spec.lower_dirs = [str(layer), *spec.lower_dirs]
        spec.mounts.append(Mount("/escape/marker", "bind", str(bench.base / "marker"), []))
        result = bench._collect(lambda stdio: bench.start(spec, stdio), b"")
        return result, os.path.exists("/etc/marker")

    result, on_host = scenario(play)
    assert result.out == "bound\n"
    assert not on_host


def test_tmpfs_and_shm_size(scenario):
    from pyminidocker.runtime.defaults import default_mounts

    result = scenario(
        lambda bench: bench.run(
            "cat /proc/self/mounts",
            mounts=[
                *default_mounts(1 << 20),
                Mount("/cache", "tmpfs", "tmpfs", ["nosuid", "nodev", "noexec", "size=4096k"]),
            ],
        )
    )
    rows = {line.split()[1]: line.split()[3] for line in result.out.splitlines()}
    assert "size=4096k" in rows["/cache"]
    assert "noexec" in rows["/cache"]
    assert "size=1024k" in rows["/dev/shm"]


def test_injected_files(scenario):
    def play(bench):
        hosts = bench.base / "hosts"
        hosts.write_text("127.0.0.1 localhost\n")
        return bench.run("cat /etc/hosts", files=[(str(hosts), "/etc/hosts")])

    assert scenario(play).out == "127.0.0.1 localhost\n"


def test_hostname(scenario):
    assert scenario(lambda bench: bench.run("hostname", hostname="web")).out == "web\n"


def test_networks_settings_are_dockers(scenario):
    script = "cd /proc/sys/net/ipv4; cat ip_unprivileged_port_start ping_group_range; ip -o link"
    port, low, _high, *links = scenario(lambda bench: bench.run(script)).out.split(maxsplit=3)
    assert (port, low) == ("0", "0")
    assert links[0].startswith("1: lo: <LOOPBACK,UP,LOWER_UP>")


def test_state_below_dev_shm_is_not_hidden_by_the_prepared_dev(scenario):
    """Layers may live under a directory a parked child has covered with its own /dev."""
    if not os.access("/dev/shm", os.W_OK):
        pytest.skip("no /dev/shm here")

    def play(bench):
        import tempfile

        with tempfile.TemporaryDirectory(dir="/dev/shm") as place:
            with open(f"{place}/file", "w") as file:
                file.write("seen")
            mounts = bench.spec("true").mounts
            return bench.run("cat /f", mounts=[*mounts, Mount("/f", "bind", f"{place}/file", [])])

    assert scenario(play).out == "seen"


@pytest.mark.parametrize(
    ("args", "errno", "message"),
    [
        (["nonesuch"], 2, 'exec: "nonesuch": executable file not found in $PATH'),
        (["/nonesuch"], 2, 'exec: "/nonesuch": stat /nonesuch: no such file or directory'),
        (["/etc/passwd"], 13, 'exec: "/etc/passwd": permission denied'),
        (["/etc"], 21, 'exec: "/etc": is a directory'),
        (["/bin/sh/x"], 20, 'exec: "/bin/sh/x": stat /bin/sh/x: not a directory'),
        (["/tmp/garbage"], 8, "exec /tmp/garbage: exec format error"),
        (["/tmp/orphan"], 2, "exec /tmp/orphan: no such file or directory"),
    ],
)
def test_programs_that_cannot_run(scenario, args, errno, message):
    def play(bench):
        (bench.rootfs / "tmp/garbage").write_bytes(b"\x00\x01garbage")
        (bench.rootfs / "tmp/orphan").write_text("#!/no/such/interpreter\n")
        for name in ("garbage", "orphan"):
            (bench.rootfs / "tmp" / name).chmod(0o755)
        return bench.run(args).error

    error = scenario(play)
    assert error["message"] == message
    assert error["errno"] == errno


def test_working_directory_is_made(scenario):
    result = scenario(lambda bench: bench.run("pwd; ls -d /deep", cwd="/deep/er"))
    assert result.out == "/deep/er\n/deep\n"
    error = scenario(lambda bench: bench.run("pwd", cwd="/etc/passwd")).error
    assert (error["stage"], error["errno"], error["path"]) == ("cwd", 20, "/etc/passwd")


def test_environment(scenario):
    result = scenario(lambda bench: bench.run(["env"], env=["PATH=/bin", "A=1=2", "EMPTY="]))
    assert result.out.splitlines() == ["PATH=/bin", "A=1=2", "EMPTY=", "HOME=/root"]


def test_default_capabilities_and_seccomp(scenario):
    wanted = "Cap|Seccomp|NoNew|Sig[BI]"
    result = scenario(lambda bench: bench.run(["grep", "-E", wanted, "/proc/self/status"]))
    fields = dict(line.split(":\t") for line in result.out.splitlines())
    docker = "00000000a80425fb"
    assert (fields["CapPrm"], fields["CapEff"], fields["CapBnd"]) == (docker,) * 3
    assert (fields["CapInh"], fields["CapAmb"]) == ("0" * 16,) * 2
    assert (fields["Seccomp"], fields["NoNewPrivs"]) == ("2", "0")
    assert (fields["SigBlk"], fields["SigIgn"]) == ("0" * 16,) * 2


def test_seccomp_forbids_namespaces(scenario):
    result = scenario(lambda bench: bench.run("unshare -U true; unshare -n true"))
    assert result.err.count("Operation not permitted") == 2
    free = scenario(
        lambda bench: bench.run(
            "unshare -n echo free",
            seccomp="unconfined",
            capabilities=["CAP_SYS_ADMIN"],
        )
    )
    assert free.out == "free\n"


def test_no_new_privileges(scenario):
    result = scenario(
        lambda bench: bench.run("grep NoNewPrivs /proc/self/status", no_new_privileges=True)
    )
    assert result.out == "NoNewPrivs:\t1\n"


def test_rlimits(scenario):
    result = scenario(
        lambda bench: bench.run("ulimit -n; ulimit -Hn", rlimits=[("RLIMIT_NOFILE", 64, 128)])
    )
    assert result.out == "64\n128\n"


def test_no_descriptors_leak_and_umask(scenario):
    result = scenario(lambda bench: bench.run("ls /proc/self/fd; umask"))
    assert result.out.split() == ["0", "1", "2", "3", "0022"]  # 3 is ls reading the directory


def test_a_large_environment_goes_through(scenario):
    big = [f"V{number}=" + "x" * 50_000 for number in range(20)]
    result = scenario(lambda bench: bench.run("echo ${#V0} ${#V19}", env=["PATH=/bin", *big]))
    assert result.out == "50000 50000\n"


def test_terminal(scenario):
    def play(bench):
        spec = bench.spec(
            "tty; stty size; test -t 0 && test -t 2 && echo all; ls -l /dev/console | cut -c1; "
            "read x; echo got $x",
            terminal=True,
            rows=33,
            cols=111,
        )
        started = bench.start(spec)
        console = started.console_fd
        seen = _read_until(console, b"c\r\n")
        terminal.set_size(console, 40, 90)
        os.write(console, b"typed\n")
        seen += _read_until(console, b"got typed\r\n")
        code = bench.wait(started)
        os.close(console)
        return seen.decode(), code

    seen, code = scenario(play)
    assert seen.split("\r\n")[:4] == ["/dev/pts/0", "33 111", "all", "c"]
    assert code == 0


def test_ctrl_c_reaches_the_foreground(scenario):
    def play(bench):
        started = bench.start(
            bench.spec(
                "trap 'exit 42' INT; echo ready; while true; do sleep 100 & wait; done",
                terminal=True,
            )
        )
        _read_until(started.console_fd, b"ready\r\n")
        os.write(started.console_fd, b"\x03")
        code = bench.wait(started)
        os.close(started.console_fd)
        return code

    assert scenario(play) == 42


def _read_until(fd, end):
    data = b""
    while not data.endswith(end):
        try:
            data += os.read(fd, 4096)
        except OSError as error:
            raise AssertionError(f"terminal closed after {data!r}") from error
    return data


def test_init_reaps_and_forwards(scenario):
    def play(bench):
        spec = bench.spec(
            "trap 'exit 9' TERM; (sleep 0.05 &); echo ready $$; "
            "while true; do sleep 100 & wait; done",
            init=True,
        )
        read_fd, write_fd = os.pipe()
        started = bench.start(spec, (read_fd, write_fd, write_fd))
        line = _read_until(read_fd, b"\n")
        command = procfs.command_line(started.host_pid)
        rss = procfs.memory_bytes(started.host_pid)["rss"]
        from pyminidocker.kernel.pidfd import pidfd_send_signal

        pidfd_send_signal(started.pidfd, 15)
        return line, command[:3], rss, bench.wait(started)

    line, command, rss, code = scenario(play)
    assert line == b"ready 2\n"
    assert command == ["/sbin/docker-init", "--", "sh"]
    assert rss < 100_000
    assert code == 9


def test_init_passes_exit_codes_and_failures(scenario):
    assert scenario(lambda bench: bench.run("exit 5", init=True)).exit_code == 5
    assert scenario(lambda bench: bench.run("kill -KILL $$", init=True)).exit_code == 137
    error = scenario(lambda bench: bench.run(["nonesuch"], init=True)).error
    assert "executable file not found" in error["message"]


def test_parked_children_are_refilled(scenario):
    def play(bench):
        codes = [bench.run(["true"]).exit_code for _ in range(8)]
        bench.wait_parked()
        return codes, len(bench.zygote.parked()) > 0

    assert scenario(play) == ([0] * 8, True)


def test_many_at_once(scenario):
    def play(bench):
        specs = [bench.spec(["true"]) for _ in range(12)]
        for spec in specs:
            bench.zygote.start(spec.id, spec, None)
        started = [bench._started(spec.id) for spec in specs]
        assert not any(isinstance(one, Failed) for one in started)
        return [bench.wait(one) for one in started]

    assert scenario(play) == [0] * 12
