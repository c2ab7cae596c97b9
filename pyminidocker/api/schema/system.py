"""Facts about the engine, volumes and events as Docker's clients read them."""

import platform
import sys
import time
from typing import Any

from pyminidocker import __version__
from pyminidocker.api.schema.times import rfc3339
from pyminidocker.api.versions import API_VERSION_TEXT, MIN_API_VERSION_TEXT
from pyminidocker.engine.records import Event, VolumeRecord
from pyminidocker.engine.results import EngineFacts, EngineInfo

Json = dict[str, Any]

_GO_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def version() -> Json:
    """Return what GET /version says."""
    machine = platform.machine()
    arch, kernel = _GO_ARCHITECTURES.get(machine, machine), platform.release()
    python = ".".join(str(part) for part in sys.version_info[:3])
    details = {
        "ApiVersion": API_VERSION_TEXT,
        "Arch": arch,
        "BuildTime": "",
        "Experimental": "false",
        "GitCommit": "",
        "GoVersion": f"none (Python {python})",
        "KernelVersion": kernel,
        "MinAPIVersion": MIN_API_VERSION_TEXT,
        "Os": "linux",
    }
    return {
        "Platform": {"Name": "minidocker"},
        "Components": [{"Name": "Engine", "Version": __version__, "Details": details}],
        "Version": __version__,
        "ApiVersion": API_VERSION_TEXT,
        "MinAPIVersion": MIN_API_VERSION_TEXT,
        "GitCommit": "",
        "GoVersion": details["GoVersion"],
        "Os": "linux",
        "Arch": arch,
        "KernelVersion": kernel,
        "BuildTime": "",
    }


def info(facts: EngineInfo) -> Json:
    """Return what GET /info says."""
    can = set(facts.enforceable)
    return {
        "ID": facts.id,
        "Containers": facts.containers,
        "ContainersRunning": facts.running,
        "ContainersPaused": facts.paused,
        "ContainersStopped": facts.stopped,
        "Images": facts.images,
        "Driver": "overlay2",
        "DriverStatus": [["userxattr", "true"], ["Rootless", str(facts.rootless).lower()]],
        "Plugins": {
            "Volume": ["local"],
            "Network": ["bridge", "host", "null", "overlay"],
            "Authorization": None,
            "Log": ["json-file"],
        },
        "MemoryLimit": "memory" in can,
        "SwapLimit": "swap" in can,
        "KernelMemory": False,
        "KernelMemoryTCP": False,
        "CpuCfsPeriod": "quota" in can,
        "CpuCfsQuota": "quota" in can,
        "CPUShares": "shares" in can,
        "CPUSet": "cpuset" in can,
        "PidsLimit": "pids" in can,
        "IPv4Forwarding": True,
        "BridgeNfIptables": True,
        "BridgeNfIp6tables": True,
        "Debug": False,
        "NFd": 0,
        "OomKillDisable": False,
        "NGoroutines": 0,
        "SystemTime": rfc3339(time.time()),
        "LoggingDriver": "json-file",
        "CgroupDriver": "cgroupfs" if can else "none",
        "CgroupVersion": facts.cgroup_version,
        "NEventsListener": 0,
        "KernelVersion": facts.kernel_version,
        "OperatingSystem": facts.operating_system,
        "OSVersion": "",
        "OSType": "linux",
        "Architecture": facts.architecture,
        "IndexServerAddress": "",
        "RegistryConfig": {
            "AllowNondistributableArtifactsCIDRs": [],
            "AllowNondistributableArtifactsHostnames": [],
            "InsecureRegistryCIDRs": [],
            "IndexConfigs": {},
            "Mirrors": [],
        },
        "NCPU": facts.cpus,
        "MemTotal": facts.memory_bytes,
        "GenericResources": None,
        "DockerRootDir": facts.state_dir,
        "HttpProxy": "",
        "HttpsProxy": "",
        "NoProxy": "",
        "Name": facts.name,
        "Labels": facts.labels,
        "ExperimentalBuild": False,
        "ServerVersion": __version__,
        "Runtimes": {"minidocker": {"path": "minidocker"}},
        "DefaultRuntime": "minidocker",
        "Swarm": {
            "NodeID": "",
            "NodeAddr": "",
            "LocalNodeState": "inactive",
            "ControlAvailable": False,
            "Error": "",
            "RemoteManagers": None,
        },
        "LiveRestoreEnabled": False,
        "Isolation": "",
        "InitBinary": "minidocker-init",
        "ContainerdCommit": {"ID": "", "Expected": ""},
        "RuncCommit": {"ID": "", "Expected": ""},
        "InitCommit": {"ID": "", "Expected": ""},
        "SecurityOptions": facts.security_options,
        "Warnings": facts.warnings or None,
    }


def volume(record: VolumeRecord) -> Json:
    """Return one volume."""
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))
    return {
        "CreatedAt": created,
        "Driver": record.driver,
        "Labels": record.labels or None,
        "Mountpoint": record.mountpoint,
        "Name": record.name,
        "Options": record.options or None,
        "Scope": "local",
    }


def event(given: Event) -> Json:
    """Return one line of GET /events."""
    found: Json = {
        "Type": given.type,
        "Action": given.action,
        "Actor": {"ID": given.actor_id, "Attributes": given.attributes},
        "scope": "local",
        "time": given.time_ns // 1_000_000_000,
        "timeNano": given.time_ns,
    }
    if given.type == "container":
        source = {"from": given.attributes.get("image", "")}
        found = {"status": given.action, "id": given.actor_id, **source, **found}
    elif given.type == "image":
        found = {"status": given.action, "id": given.actor_id, **found}
    return found


def facts(given: EngineFacts) -> Json:
    """Return what GET /minidocker/engine says."""
    return {
        "Pid": given.pid,
        "ZygotePid": given.zygote_pid,
        "AgentPid": given.agent_pid,
        "Rootless": given.rootless,
        "UidMap": given.uid_map,
        "Lab": {"ns": given.namespaces},
        "StateDir": given.state_dir,
        "RunDir": given.run_dir,
    }
