"""Other engines and tools to measure against; each is used when it is installed and works here."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}


def call(*command: str, **extra: object) -> None:
    """Run a command that must succeed."""
    subprocess.run(command, check=True, **{**QUIET, **extra})


@contextlib.contextmanager
def dockerd(rootfs_tar: Path | None) -> Iterator[str | None]:
    """Start a private dockerd (root only) with a busybox image; yields its host or None."""
    if os.getuid() != 0 or not shutil.which("dockerd") or rootfs_tar is None:
        yield None
        return
    home = Path(tempfile.mkdtemp(prefix="bench-dockerd-"))
    host = f"unix://{home}/docker.sock"
    command = ["dockerd", "-H", host, "--data-root", f"{home}/data", "--exec-root", f"{home}/exec"]
    with Path(f"{home}/log").open("w") as log:
        daemon = subprocess.Popen(
            [*command, "--pidfile", f"{home}/pid"], stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
    try:
        for _ in range(100):
            if subprocess.run(["docker", "-H", host, "ps"], check=False, **QUIET).returncode == 0:
                break
            time.sleep(0.1)
        else:
            yield None
            return
        call("docker", "-H", host, "import", "-c", 'CMD ["sh"]', str(rootfs_tar), "busybox:latest")
        yield host
    finally:
        daemon.terminate()
        daemon.wait(timeout=30)
        subprocess.run(["umount", "-R", str(home)], check=False, **QUIET)
        shutil.rmtree(home, ignore_errors=True)


def bwrap(rootfs: Path) -> list[str] | None:
    """Return a bubblewrap command line for ``true`` in ``rootfs``, or None."""
    if not shutil.which("bwrap"):
        return None
    return [
        *("bwrap", "--unshare-all", "--bind", str(rootfs), "/", "--proc", "/proc", "--dev", "/dev"),
        *("--die-with-parent", "true"),
    ]


@contextlib.contextmanager
def oci_bundle(rootfs: Path, runtime: str) -> Iterator[list[str] | None]:
    """Make a bundle for runc or crun that runs ``true`` in ``rootfs``; yields the command."""
    if os.getuid() != 0 or not shutil.which(runtime):
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="bench-bundle-") as bundle:
        call(runtime, "spec", cwd=bundle)
        config = Path(bundle, "config.json")
        text = config.read_text().replace('"terminal": true', '"terminal": false')
        text = text.replace('"sh"', '"true"').replace('"path": "rootfs"', f'"path": "{rootfs}"')
        config.write_text(text)
        command = [runtime, "run", "-b", bundle, f"bench-{runtime}-{os.getpid()}"]
        works = subprocess.run(command, check=False, **QUIET).returncode == 0
        yield command if works else None
