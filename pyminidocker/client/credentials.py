"""Names and passwords for registries, where Docker keeps them: ``~/.docker/config.json``.

A password is under ``auths`` in base64, which hides it from nobody, or with a helper program that
``credsStore`` or ``credHelpers`` names (``docker-credential-NAME``: the desktop's key ring).

See: docs.docker.com/reference/cli/docker/login, "Credential stores";
github.com/docker/docker-credential-helpers for the helpers' protocol.
"""

from __future__ import annotations

from pyminidocker.client.docker_config import change, config_path, load
from pyminidocker.client.json_text import dumps, loads
from pyminidocker.errors import InvalidArgument, NotFound, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Json = dict[str, Any]

HUB = "https://index.docker.io/v1/"
_HUB_NAMES = frozenset(("", "docker.io", "index.docker.io", "registry-1.docker.io"))
_TOKEN_USER = "<token>"  # noqa: S105 - a helper's word for "this is an identity token"
_NOT_THERE = "credentials not found"


def server_key(server: str) -> str:
    """Return the key of a registry in the file: ``host[:port]``, or the Hub's old URL."""
    host = server.partition("://")[2] if "://" in server else server
    host = host.partition("/")[0]
    return HUB if host in _HUB_NAMES else host


def key_of_image(name: str) -> str:
    """Return the key of the registry that an image's name means.

    Raises:
        InvalidArgument: not a reference.
    """
    from pyminidocker.oci.reference import parse

    return server_key(parse(name).domain)


def _helper(config: Json, key: str) -> str:
    helpers = config.get("credHelpers") or {}
    return str(helpers.get(key) or config.get("credsStore") or "")


def find(key: str) -> Json:
    """Return what is known for a registry, as X-Registry-Auth has it; {} when nothing is.

    Args:
        key: see ``server_key``.

    Raises:
        InvalidArgument: the file is damaged.
        Unavailable: the helper program it names fails.
    """
    config = load()
    if helper := _helper(config, key):
        try:
            answer = _read_answer(helper, _ask_helper(helper, "get", key))
        except NotFound:
            return {}
        secret = str(answer.get("Secret", ""))
        if answer.get("Username") == _TOKEN_USER:
            return {"identitytoken": secret, "serveraddress": key}
        user = str(answer.get("Username", ""))
        return {"username": user, "password": secret, "serveraddress": key}
    for name, entry in (config.get("auths") or {}).items():
        if server_key(name) != key or not isinstance(entry, dict):
            continue
        found: Json = {"serveraddress": key}
        if entry.get("auth"):
            from base64 import b64decode  # 6 ms, which most builds need not pay

            try:
                user, _, password = b64decode(entry["auth"], validate=True).decode().partition(":")
            except (ValueError, TypeError):
                raise InvalidArgument(
                    f"{config_path()}: the entry for {name} is damaged",
                    hint=f"log in again: minidocker login {'' if key == HUB else key}".rstrip(),
                ) from None
            found |= {"username": user, "password": password.strip("\0")}
        for word in ("identitytoken", "registrytoken"):
            if entry.get(word):
                found[word] = entry[word]
        return found if len(found) > 1 else {}
    return {}


def find_all() -> dict[str, Json]:
    """Return what is known for every registry, as X-Registry-Config has it, for a build.

    What cannot be read is left out, as in Docker: a build that needs no registry goes on.
    """
    try:
        config = load()
    except InvalidArgument:
        return {}
    names = [*(config.get("auths") or {}), *(config.get("credHelpers") or {})]
    found: dict[str, Json] = {}
    for key in dict.fromkeys(map(server_key, names)):
        try:
            known = find(key)
        except (InvalidArgument, Unavailable):
            continue
        if known:
            found[key] = known
    return found


def header_of(credentials: Json) -> tuple[tuple[str, str], ...]:
    """Return the header that carries credentials to the engine; none for nobody."""
    if not credentials:
        return ()
    from base64 import urlsafe_b64encode

    return (("X-Registry-Auth", urlsafe_b64encode(dumps(credentials).encode()).decode()),)


def store(key: str, credentials: Json) -> str:
    """Keep what ``login`` found to be right; return where it is now, for people.

    Raises:
        Unavailable: the helper program fails.
    """
    token = credentials.get("identitytoken", "")
    entry: Json = {}
    if helper := _helper(load(), key):
        kept = {
            "ServerURL": key,
            "Username": _TOKEN_USER if token else credentials["username"],
            "Secret": token or credentials["password"],
        }
        _ask_helper(helper, "store", dumps(kept))
    else:
        from base64 import b64encode

        pair = f"{credentials.get('username', '')}:{'' if token else credentials.get('password')}"
        entry["auth"] = b64encode(pair.encode()).decode()
        if token:
            entry["identitytoken"] = token
    change(lambda auths: auths.update({key: entry}))
    return f"docker-credential-{helper}" if helper else config_path()


def erase(key: str) -> bool:
    """Forget a registry's credentials; return whether there were any."""
    config = load()
    names = [name for name in config.get("auths") or {} if server_key(name) == key]
    helper = _helper(config, key)
    if helper:
        try:
            _ask_helper(helper, "erase", key)
        except NotFound:
            helper = ""
    if names:

        def remove(auths: Json) -> None:
            for name in names:
                auths.pop(name, None)

        change(remove)
    return bool(names or helper)


def _read_answer(helper: str, text: str) -> Json:
    try:
        answer = loads(text)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        # What it said instead is not told: there may be a password in it.
        raise Unavailable(f"docker-credential-{helper} get: it does not answer in JSON")
    return answer


def _ask_helper(name: str, verb: str, text: str) -> str:
    """Run ``docker-credential-NAME VERB`` with ``text`` as its input; return what it says."""
    import subprocess

    program = f"docker-credential-{name}"
    try:
        done = subprocess.run(
            [program, verb], input=text.encode(), capture_output=True, check=False
        )
    except (FileNotFoundError, PermissionError) as error:  # also: a PATH we may not search
        raise Unavailable(
            f'{program} is not installed, and {config_path()} names it ("credsStore" or'
            ' "credHelpers")',
            hint=f"install it, or take that line out of {config_path()}",
        ) from error
    said = done.stdout.decode(errors="replace").strip()
    if done.returncode:
        if _NOT_THERE in said:
            raise NotFound(said)
        raise Unavailable(f"{program} {verb}: {said or f'exit code {done.returncode}'}")
    return said
