"""Images, layers and comparisons as Docker's clients, and ours, read them."""

from typing import Any

from pyminidocker.api.schema.health import healthcheck
from pyminidocker.api.schema.times import rfc3339
from pyminidocker.images.records import HistoryEntry, Image, ImageListing
from pyminidocker.oci.image_spec import RunConfig

Json = dict[str, Any]


def run_config(given: RunConfig) -> Json:
    """Return an image's ``Config``."""
    found: Json = {
        "Hostname": "",
        "Domainname": "",
        "User": given.user,
        "AttachStdin": False,
        "AttachStdout": False,
        "AttachStderr": False,
        "Tty": False,
        "OpenStdin": False,
        "StdinOnce": False,
        "Env": given.env or None,
        "Cmd": given.cmd,
        "Image": "",
        "Volumes": given.volumes or None,
        "WorkingDir": given.working_dir,
        "Entrypoint": given.entrypoint,
        "OnBuild": given.on_build,
        "Labels": given.labels,
    }
    if given.exposed_ports:
        found["ExposedPorts"] = given.exposed_ports
    if given.stop_signal:
        found["StopSignal"] = given.stop_signal
    if given.shell:
        found["Shell"] = given.shell
    if given.healthcheck is not None:
        found["Healthcheck"] = healthcheck(given.healthcheck)
    return found


def inspect(image: Image, repo_tags: list[str], repo_digests: list[str]) -> Json:
    """Return what GET /images/{name}/json says."""
    config = run_config(image.config.config)
    lower = ":".join(image.lower_dirs[1:])
    data = {"UpperDir": image.lower_dirs[0]} if image.lower_dirs else {}
    if lower:
        data["LowerDir"] = lower
    return {
        "Id": image.id,
        "RepoTags": repo_tags,
        "RepoDigests": repo_digests,
        "Parent": image.parent,
        "Comment": image.comment,
        "Created": image.config.created or rfc3339(image.created),
        "Container": "",
        "ContainerConfig": run_config(RunConfig()),
        "DockerVersion": "",
        "Author": image.config.author,
        "Config": config,
        "Architecture": image.config.architecture,
        "Os": image.config.os,
        "Size": image.size,
        "VirtualSize": image.size,
        "GraphDriver": {"Data": data, "Name": "overlay2"},
        "RootFS": {"Type": "layers", "Layers": list(image.config.rootfs.diff_ids)},
        "Metadata": {"LastTagTime": rfc3339(image.last_tagged)},
    }


def list_row(listing: ImageListing, containers: int = -1, *, shared: bool = False) -> Json:
    """Return one element of what GET /images/json says."""
    image = listing.image
    return {
        "Containers": containers,
        "Created": int(image.created),
        "Id": image.id,
        "Labels": image.config.config.labels,
        "ParentId": image.parent,
        "RepoDigests": list(listing.repo_digests) or None,
        "RepoTags": list(listing.repo_tags) or None,
        "SharedSize": listing.shared_size if shared else -1,
        "Size": image.size,
        "VirtualSize": image.size,
    }


def history(entries: list[HistoryEntry]) -> list[Json]:
    """Return what GET /images/{name}/history says."""
    return [
        {
            "Comment": entry.comment,
            "Created": int(entry.created),
            "CreatedBy": entry.created_by,
            "Id": entry.id,
            "Size": entry.size,
            "Tags": list(entry.tags) or None,
        }
        for entry in entries
    ]
