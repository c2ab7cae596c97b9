"""Docker's parameters of POST /build, and ours, in the engine's words.

Ours: ``records=1`` asks for our records (``build.records``) instead of Docker's stream, and the
header ``X-Minidocker-Secrets`` has secrets as base64 of ``{"id": "base64 of the content"}``.

See: Docker Engine API, POST /build; moby api/server/router/build.
"""

import binascii
from base64 import b64decode, urlsafe_b64decode
from typing import Any

import msgspec

from pyminidocker.api.message import Request
from pyminidocker.build.options import BuildOptions
from pyminidocker.engine.resources import Resources
from pyminidocker.errors import InvalidArgument, NotImplementedHere

SECRETS_HEADER = "x-minidocker-secrets"
_REGISTRY_HEADER = "x-registry-config"


class _Limit(msgspec.Struct, rename="pascal"):
    name: str = ""
    soft: int = 0
    hard: int = 0


def _decoded(text: str, kind: Any, what: str) -> Any:
    """Return JSON text as ``kind``; what Go writes for an empty one is ``null``."""
    try:
        return msgspec.json.decode(text or "null", type=kind | None)
    except msgspec.MsgspecError as error:
        raise InvalidArgument(f"error reading {what}: {error}") from error


def _refuse(request: Request) -> None:
    """Refuse what would have no effect here.

    Raises:
        NotImplementedHere: it names the parameter.
    """
    query = request.query
    if query.get("cgroupparent"):
        raise NotImplementedHere("a cgroup parent is not supported by this engine")
    if request.flag("squash"):
        raise NotImplementedHere(
            "--squash is not supported by this engine",
            hint="put steps together in one RUN, or copy from one stage into another",
        )
    if query.get("version", "1") not in ("", "1"):
        raise NotImplementedHere(
            "BuildKit's protocol is not supported by this engine",
            hint="set DOCKER_BUILDKIT=0, or use minidocker build",
        )


def options(request: Request) -> BuildOptions:
    """Read a build's parameters.

    Raises:
        InvalidArgument: malformed.
        NotImplementedHere: squash, BuildKit's protocol.
    """
    _refuse(request)
    query = request.query
    return BuildOptions(
        dockerfile=query.get("dockerfile", "") or "Dockerfile",
        tags=[tag for tag in request.all_of("t") if tag],
        build_args=_decoded(query.get("buildargs", ""), dict[str, str | None], "build args") or {},
        labels=_decoded(query.get("labels", ""), dict[str, str], "labels") or {},
        target=query.get("target", ""),
        no_cache=request.flag("nocache"),
        pull=request.flag("pull"),
        cache_from=_decoded(query.get("cachefrom", ""), list[str], "cache from") or [],
        network=query.get("networkmode", "") or "default",
        extra_hosts=_extra_hosts(query.get("extrahosts", "")),
        shm_size_bytes=request.number("shmsize", 0) or 0,
        ulimits=_ulimits(query.get("ulimits", "")),
        resources=_resources(request),
        platform=query.get("platform", ""),
        secrets=_secrets(request.headers.get(SECRETS_HEADER, "")),
        remote=query.get("remote", ""),
        credentials=_credentials(request.headers.get(_REGISTRY_HEADER, "")),
        quiet=request.flag("q"),
    )


def _extra_hosts(text: str) -> list[str]:
    """Read ``name:address`` pairs: JSON of docker-py's dictionary or list, or comma-separated."""
    if not text.startswith(("[", "{")):
        return [item for item in text.split(",") if item]
    if text.startswith("["):
        return list(_decoded(text, list[str], "extra hosts"))
    found = _decoded(text, dict[str, str], "extra hosts")
    return [f"{name}:{address}" for name, address in found.items()]


def _ulimits(text: str) -> list[tuple[str, int, int]]:
    limits = _decoded(text, list[_Limit], "ulimits") or []
    return [(limit.name, limit.soft, limit.hard) for limit in limits]


def _resources(request: Request) -> Resources:
    return Resources(
        memory_bytes=request.number("memory", 0) or 0,
        memory_swap_bytes=request.number("memswap", 0) or 0,
        cpu_shares=request.number("cpushares", 0) or 0,
        cpu_period_us=request.number("cpuperiod", 0) or 0,
        cpu_quota_us=request.number("cpuquota", 0) or 0,
        cpuset_cpus=request.query.get("cpusetcpus", ""),
        cpuset_mems=request.query.get("cpusetmems", ""),
    )


def _secrets(header: str) -> dict[str, bytes]:
    if not header:
        return {}
    try:
        document = msgspec.json.decode(b64decode(header), type=dict[str, str])
        return {name: b64decode(content) for name, content in document.items()}
    except (binascii.Error, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidArgument(f"malformed secrets: {error}") from error


def _credentials(header: str) -> dict[str, dict[str, Any]]:
    """Read X-Registry-Config; as dockerd, take what cannot be read for nothing."""
    if not header:
        return {}
    try:
        data = urlsafe_b64decode(header.replace("+", "-").replace("/", "_") + "==")
        return msgspec.json.decode(data, type=dict[str, dict[str, Any]] | None) or {}
    except (binascii.Error, msgspec.MsgspecError, UnicodeDecodeError):
        return {}
