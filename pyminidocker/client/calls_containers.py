"""Containers and execs: the client's side of ``/containers`` and ``/exec``."""

from __future__ import annotations

from pyminidocker.client.json_text import loads
from pyminidocker.client.transport import Transport, quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from pyminidocker.client.connection import Response, Stream

    Json = dict[str, Any]


class PendingWait:
    """A wait for a container's end that the engine has confirmed to have begun."""

    def __init__(self, response: Response) -> None:
        self._response = response

    def fileno(self) -> int:
        """Return a descriptor that becomes readable when the container has ended."""
        return self._response.fileno()

    @property
    def answered(self) -> bool:
        """Whether the answer came together with its head, so that ``fileno`` stays silent."""
        return bool(self._response.connection.buffer)

    def result(self) -> int:
        """Block until the container has ended; return its exit code."""
        answer = self._response.json()
        self._response.close()
        return int(answer["StatusCode"])

    def close(self) -> None:
        """Stop waiting."""
        self._response.close()


class ContainerCalls(Transport):
    """Calls about containers; ``ref`` is a name, an id or a unique beginning of an id.

    All raise ``MiniDockerError`` subclasses: ``NotFound``, ``Conflict``, ``NotModified`` ...
    """

    def container_list(
        self,
        *,
        all: bool = False,  # noqa: A002 - Docker's word
        limit: int = 0,
        size: bool = False,
        filters: Mapping[str, list[str]] | None = None,
    ) -> list[Json]:
        """GET /containers/json: newest first; ``filters`` as {"status": ["exited"], ...}."""
        query = {"all": all or None, "limit": limit or None, "size": size or None}
        listed: list[Json] = self.call(
            "GET", "/containers/json", {**query, "filters": filters or None}
        )
        return listed

    def container_create(self, config: Json, *, name: str = "", platform: str = "") -> Json:
        """POST /containers/create; ``config`` as Docker's, with HostConfig and NetworkingConfig.

        Args:
            config: the body.
            name: empty lets the engine choose one.
            platform: refuse an image that is for another one.

        Returns:
            {"Id": ..., "Warnings": [...]}.
        """
        query = {"name": name, "platform": platform}
        created: Json = self.call("POST", "/containers/create", query, config)
        return created

    def container_inspect(self, ref: str, *, size: bool = False) -> Json:
        """GET /containers/{ref}/json."""
        query = {"size": True} if size else None
        inspected: Json = self.call("GET", f"/containers/{quote(ref)}/json", query)
        return inspected

    def container_start(self, ref: str, *, detach_keys: str = "") -> None:
        """POST /containers/{ref}/start; NotModified when it runs already."""
        self.call("POST", f"/containers/{quote(ref)}/start", {"detachKeys": detach_keys})

    def container_stop(self, ref: str, *, timeout_s: int | None = None, signal: str = "") -> None:
        """POST /containers/{ref}/stop: signal, wait, SIGKILL; NotModified when stopped."""
        self.call("POST", f"/containers/{quote(ref)}/stop", {"t": timeout_s, "signal": signal})

    def container_restart(
        self, ref: str, *, timeout_s: int | None = None, signal: str = ""
    ) -> None:
        """POST /containers/{ref}/restart."""
        self.call("POST", f"/containers/{quote(ref)}/restart", {"t": timeout_s, "signal": signal})

    def container_kill(self, ref: str, *, signal: str = "SIGKILL") -> None:
        """POST /containers/{ref}/kill."""
        self.call("POST", f"/containers/{quote(ref)}/kill", {"signal": signal})

    def container_pause(self, ref: str) -> None:
        """POST /containers/{ref}/pause: freeze all its processes."""
        self.call("POST", f"/containers/{quote(ref)}/pause")

    def container_unpause(self, ref: str) -> None:
        """POST /containers/{ref}/unpause: let them go on."""
        self.call("POST", f"/containers/{quote(ref)}/unpause")

    def container_rename(self, ref: str, name: str) -> None:
        """POST /containers/{ref}/rename."""
        self.call("POST", f"/containers/{quote(ref)}/rename", {"name": name})

    def container_update(self, ref: str, changes: Json) -> Json:
        """POST /containers/{ref}/update, e.g. {"RestartPolicy": {"Name": "always"}}."""
        updated: Json = self.call("POST", f"/containers/{quote(ref)}/update", None, changes)
        return updated

    def container_remove(
        self, ref: str, *, force: bool = False, volumes: bool = False, link: bool = False
    ) -> None:
        """DELETE /containers/{ref}; ``volumes``: its anonymous ones too."""
        query = {"force": force or None, "v": volumes or None, "link": link or None}
        self.call("DELETE", f"/containers/{quote(ref)}", query)

    def container_wait(self, ref: str, *, condition: str = "") -> PendingWait:
        """POST /containers/{ref}/wait; returns as soon as the engine has begun to wait.

        Args:
            ref: which container.
            condition: ``not-running`` (default), ``next-exit`` or ``removed``.
        """
        query = {"condition": condition}
        return PendingWait(self.open("POST", f"/containers/{quote(ref)}/wait", query))

    def container_exit_code(self, ref: str) -> int:
        """POST /containers/{ref}/wait and block until it is not running; its exit code."""
        ended = self.call("POST", f"/containers/{quote(ref)}/wait", {"early": False})
        return int(ended["StatusCode"])

    def container_attach(
        self,
        ref: str,
        *,
        stdin: bool = False,
        stdout: bool = True,
        stderr: bool = True,
        logs: bool = False,
        stream: bool = True,
        detach_keys: str = "",
    ) -> Stream:
        """POST /containers/{ref}/attach; works before the start too."""
        query = {
            "stdin": stdin or None,
            "stdout": stdout or None,
            "stderr": stderr or None,
            "logs": logs or None,
            "stream": stream or None,
            "detachKeys": detach_keys,
        }
        return self.upgrade(f"/containers/{quote(ref)}/attach", query)

    def container_resize(self, ref: str, rows: int, cols: int) -> None:
        """POST /containers/{ref}/resize: size of its terminal."""
        self.call("POST", f"/containers/{quote(ref)}/resize", {"h": rows, "w": cols})

    def container_logs(
        self,
        ref: str,
        *,
        stdout: bool = True,
        stderr: bool = True,
        follow: bool = False,
        timestamps: bool = False,
        since: str = "",
        until: str = "",
        tail: str = "all",
        details: bool = False,
    ) -> Response:
        """GET /containers/{ref}/logs; frames as in ``framing.stdcopy`` unless it has a terminal.

        Args:
            ref: which container.
            stdout: include its standard output.
            stderr: include its standard error.
            follow: go on with what is written from now.
            timestamps: put the time in front of every line.
            since: seconds since the epoch, with a fraction if need be.
            until: the same.
            tail: how many lines from the end, or ``all``.
            details: put what log options add in front of every line, and a blank.
        """
        query = {
            "stdout": stdout or None,
            "stderr": stderr or None,
            "follow": follow or None,
            "timestamps": timestamps or None,
            "since": since,
            "until": until,
            "tail": tail,
            "details": details or None,
        }
        return self.open("GET", f"/containers/{quote(ref)}/logs", query)

    def container_top(self, ref: str, *, ps_args: str = "") -> Json:
        """GET /containers/{ref}/top: {"Titles": [...], "Processes": [[...], ...]}."""
        listed: Json = self.call("GET", f"/containers/{quote(ref)}/top", {"ps_args": ps_args})
        return listed

    def container_diff(self, ref: str) -> list[Json]:
        """GET /containers/{ref}/changes: [{"Path", "Kind" 0 changed 1 added 2 deleted}]."""
        changes: list[Json] | None = self.call("GET", f"/containers/{quote(ref)}/changes")
        return changes or []

    def container_export(self, ref: str) -> Response:
        """GET /containers/{ref}/export: its file system as a tar archive."""
        return self.open("GET", f"/containers/{quote(ref)}/export")

    def container_prune(self, filters: Mapping[str, list[str]] | None = None) -> Json:
        """POST /containers/prune: {"ContainersDeleted": [...], "SpaceReclaimed": bytes}."""
        pruned: Json = self.call("POST", "/containers/prune", {"filters": filters or None})
        return pruned

    def archive_stat(self, ref: str, path: str) -> Json:
        """HEAD /containers/{ref}/archive: {"name", "size", "mode", "mtime", "linkTarget"}."""
        response = self.open("HEAD", f"/containers/{quote(ref)}/archive", {"path": path})
        return _path_stat(response)

    def archive_get(self, ref: str, path: str) -> tuple[Json, Response]:
        """GET /containers/{ref}/archive: what ``archive_stat`` says, and a tar stream."""
        response = self.open("GET", f"/containers/{quote(ref)}/archive", {"path": path})
        return _path_stat(response), response

    def container_confinement(self, ref: str) -> Json:
        """GET /containers/{ref}/confinement: what holds its processes, tried now."""
        found: Json = self.call("GET", f"/containers/{quote(ref)}/confinement")
        return found

    def archive_put(
        self,
        ref: str,
        path: str,
        pieces: bytes | Iterable[bytes],
        *,
        no_overwrite_dir_non_dir: bool = False,
        copy_uid_gid: bool = False,
    ) -> None:
        """PUT /containers/{ref}/archive: unpack a tar stream into directory ``path``."""
        query = {
            "path": path,
            "noOverwriteDirNonDir": no_overwrite_dir_non_dir or None,
            "copyUIDGID": copy_uid_gid or None,
        }
        self.upload("PUT", f"/containers/{quote(ref)}/archive", query, pieces).close()

    def exec_create(self, ref: str, config: Json) -> Json:
        """POST /containers/{ref}/exec: {"Id": ...}; ``config``: Cmd, Tty, AttachStdin, Env ..."""
        created: Json = self.call("POST", f"/containers/{quote(ref)}/exec", None, config)
        return created

    def exec_start(self, exec_id: str, *, tty: bool = False) -> Stream:
        """POST /exec/{id}/start and take the connection over as the process's pipe."""
        return self.upgrade(f"/exec/{exec_id}/start", None, {"Detach": False, "Tty": tty})

    def exec_start_detached(self, exec_id: str) -> None:
        """POST /exec/{id}/start in the background."""
        self.call("POST", f"/exec/{exec_id}/start", None, {"Detach": True})

    def exec_inspect(self, exec_id: str) -> Json:
        """GET /exec/{id}/json: Running, ExitCode, Pid ..."""
        inspected: Json = self.call("GET", f"/exec/{exec_id}/json")
        return inspected

    def exec_resize(self, exec_id: str, rows: int, cols: int) -> None:
        """POST /exec/{id}/resize."""
        self.call("POST", f"/exec/{exec_id}/resize", {"h": rows, "w": cols})

    def commit(
        self,
        ref: str,
        *,
        repo: str = "",
        tag: str = "",
        comment: str = "",
        author: str = "",
        changes: Iterable[str] = (),
        pause: bool = True,
    ) -> Json:
        """POST /commit: {"Id": "sha256:..."}; ``changes`` are Dockerfile lines."""
        query = {
            "container": ref,
            "repo": repo,
            "tag": tag,
            "comment": comment,
            "author": author,
            "changes": "\n".join(changes),
            "pause": pause,
        }
        committed: Json = self.call("POST", "/commit", query)
        return committed


def _path_stat(response: Response) -> Json:
    from binascii import a2b_base64

    value: Json = loads(a2b_base64(response.headers["x-docker-container-path-stat"]))
    return value
