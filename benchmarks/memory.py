"""Memory as PSS: each shared page counted once, split among those who share it (proc(5))."""

from pathlib import Path


def pss_kib(pid: int) -> int:
    """Return the proportional set size of process ``pid``, KiB; 0 when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def processes_in_user_namespace_of(pid: int) -> list[int]:
    """Return all processes that share ``pid``'s user namespace: the engine and its containers."""
    wanted = Path(f"/proc/{pid}/ns/user").readlink()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (entry / "ns/user").readlink() == wanted:
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def is_ours(pid: int) -> bool:
    """Tell whether ``pid`` is the engine's own (its agent, zygote or a parked child)."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().startswith("minidocker")
    except OSError:
        return False
