"""What a build is asked for, in the engine's words; ``api/schema/build.py`` reads Docker's.

See: Docker Engine API, POST /build.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from pyminidocker.engine.resources import Resources


class BuildOptions(Struct):
    """One build.

    Attributes:
        dockerfile: path of the Dockerfile in the context.
        tags: names for the image; all but the first are further ones.
        build_args: ``--build-arg``; a value of None leaves the Dockerfile's default.
        labels: ``--label``, put on the last stage as if the Dockerfile ended with them.
        target: name or number of the stage to build; "" is the last.
        no_cache: carry out every step, whatever was made before.
        pull: ask the registry for base images even when they are here.
        cache_from: images named by ``--cache-from``; accepted, as the cache looks at content.
        network: of RUN steps: ``default``, ``bridge``, ``none``, ``host``, a network's name.
        extra_hosts: ``name:address`` for RUN's /etc/hosts.
        shm_size_bytes: of /dev/shm in RUN steps; 0 is Docker's 64 MiB.
        ulimits: for RUN steps: (name, soft, hard).
        resources: limits of each RUN step's container.
        platform: ``os/architecture`` asked for base images that name none; "" is this machine's.
        secrets: content by id, for ``RUN --mount=type=secret``.
        remote: a URL to fetch the context or the Dockerfile from, instead of a tar.
        credentials: for registries, by host name, as Docker's X-Registry-Config has them.
        quiet: only the image's id is of interest.
    """

    dockerfile: str = "Dockerfile"
    tags: list[str] = field(default_factory=list)
    build_args: dict[str, str | None] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    target: str = ""
    no_cache: bool = False
    pull: bool = False
    cache_from: list[str] = field(default_factory=list)
    network: str = "default"
    extra_hosts: list[str] = field(default_factory=list)
    shm_size_bytes: int = 0
    ulimits: list[tuple[str, int, int]] = field(default_factory=list)
    resources: Resources = field(default_factory=Resources)
    platform: str = ""
    secrets: dict[str, bytes] = field(default_factory=dict)
    remote: str = ""
    credentials: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    quiet: bool = False
