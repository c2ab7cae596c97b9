"""``login`` and ``logout``."""

from __future__ import annotations

import os
import sys

from pyminidocker.cli.command import Command, Invocation, Option
from pyminidocker.cli.failures import Failure
from pyminidocker.cli.prompt import nobody_types
from pyminidocker.client import credentials as known
from pyminidocker.client.docker_config import config_path
from pyminidocker.errors import MiniDockerError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def login(call: Invocation) -> int:
    """Check name and password with a registry and keep them where Docker does."""
    options = call.options
    key = known.server_key(call.arguments[0] if call.arguments else "")
    user, password = options["username"], _given_password(call)
    if not user and not password:
        stored = known.find(key)
        if stored and _stored_is_good(call, stored):
            return 0
        user = str(stored.get("username", ""))
    user, password = _complete(user, password)
    credentials = {"username": user, "password": password, "serveraddress": key}
    answer = call.engine.registry_login(credentials)
    if answer.get("IdentityToken"):
        credentials["identitytoken"] = str(answer["IdentityToken"])
    where = known.store(key, credentials)
    if where == config_path():
        print(
            f"\nWARNING! Your credentials are stored unencrypted in '{where}'.\n"
            "Configure a credential helper to remove this warning. See\n"
            "https://docs.docker.com/go/credential-store/\n",
            file=sys.stderr,
        )
    print(answer.get("Status") or "Login Succeeded")
    return 0


def _given_password(call: Invocation) -> str:
    options = call.options
    if options["password-stdin"]:
        if options["password"]:
            raise Failure("--password and --password-stdin are mutually exclusive")
        if not options["username"]:
            raise Failure("the --password-stdin option requires --username to be set")
        return sys.stdin.read().removesuffix("\n").removesuffix("\r")
    if options["password"]:
        print(
            "WARNING! Using --password via the CLI is insecure. Use --password-stdin.",
            file=sys.stderr,
        )
    return str(options["password"])


def _stored_is_good(call: Invocation, stored: dict[str, Any]) -> bool:
    print("Authenticating with existing credentials...", file=sys.stderr)
    try:
        answer = call.engine.registry_login(stored)
    except MiniDockerError as error:
        print(f"Login did not succeed, error: {error}", file=sys.stderr)
        return False
    print(answer.get("Status") or "Login Succeeded")
    return True


def _complete(user: str, password: str) -> tuple[str, str]:
    """Ask for what is missing.

    Raises:
        Failure: nobody can be asked, or nothing is answered.
    """
    if user and password:
        return user, password
    if not os.isatty(0) or nobody_types():
        raise Failure(
            "Error: Cannot perform an interactive login from a non TTY device",
            hint="echo PASSWORD | minidocker login --username NAME --password-stdin [SERVER]",
        )
    if not user:
        sys.stdout.write("Username: ")
        sys.stdout.flush()
        user = sys.stdin.readline().strip()
        if not user:
            raise Failure("Error: Non-null Username Required")
    if not password:
        from getpass import getpass

        password = getpass("Password: ")
        if not password:
            raise Failure("Error: Password Required")
    return user, password


def logout(call: Invocation) -> int:
    """Forget name and password of a registry."""
    key = known.server_key(call.arguments[0] if call.arguments else "")
    if not known.erase(key):
        print(f"Not logged in to {key}")
        return 0
    print(f"Removing login credentials for {key}")
    return 0


LOGIN = Command(
    "[OPTIONS] [SERVER]",
    (
        Option("-p, --password", "string", "Password or Personal Access Token (PAT)"),
        Option(
            "--password-stdin",
            "bool",
            "Take the Password or Personal Access Token (PAT) from stdin",
        ),
        Option("-u, --username", "string", "Username"),
    ),
    login,
    0,
    1,
    description="Without SERVER: the Docker Hub.",
)
LOGOUT = Command("[SERVER]", (), logout, 0, 1, description="Without SERVER: the Docker Hub.")
