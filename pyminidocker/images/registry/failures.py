"""What goes wrong with registries, in the words people search the web for.

    Unreachable          no connection: name, port, TLS, proxy
    Broken               the connection ended in the middle; worth another try
    Refused              an answer with an error: status, code and message of the specification

``translate`` turns the last into the engine's errors, with moby's texts and what to do.

See: OCI distribution-spec, Error Codes; moby's distribution/errors.go.
"""

from typing import TYPE_CHECKING

import msgspec

from pyminidocker.errors import (
    IntegrityError,
    MiniDockerError,
    NotFound,
    PermissionDenied,
    Unavailable,
)
from pyminidocker.oci.image_spec import decode_as
from pyminidocker.oci.reference import DEFAULT_DOMAIN, Reference

if TYPE_CHECKING:
    from pyminidocker.images.registry.exchange import Response

_ERROR_BYTES = 1 << 16
# Made here without any network (images/base).
BASE_IMAGES = frozenset(("hello-world", "busybox", "python", "alpine"))


class Unreachable(MiniDockerError):
    """No connection could be made."""

    def __init__(self, message: str, *, hint: str = "", errno: int = 0) -> None:
        super().__init__(message, hint=hint)
        self.errno = errno


class Broken(MiniDockerError):
    """A connection ended before its purpose was fulfilled; another may do better."""


class Unauthorized(PermissionDenied):
    """The registry wants credentials, or other ones (HTTP 401)."""


class Refused(MiniDockerError):
    """The registry answered with an error.

    Attributes:
        status: the HTTP status.
        code: of the specification, e.g. ``MANIFEST_UNKNOWN``; empty when the body had none.
        retry_after_s: how long it wants us to wait; 0 when it does not say.
    """

    def __init__(self, message: str, status: int, code: str = "", retry_after_s: float = 0) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.retry_after_s = retry_after_s

    @property
    def is_passing(self) -> bool:
        """It may go away by itself within seconds."""
        if self.status == 429:
            return 0 < self.retry_after_s <= 10
        return self.status >= 500 or self.status == 408


class _ErrorEntry(msgspec.Struct):
    code: str = ""
    message: str = ""


class _ErrorBody(msgspec.Struct):
    errors: list[_ErrorEntry] = []
    details: str = ""  # of token servers, which have a form of their own
    message: str = ""


def refusal(response: "Response") -> Refused:
    """Read an error answer and close it."""
    status = response.status
    with response:
        try:
            body = (
                response.read(_ERROR_BYTES)
                if response.headers.get("content-length") != "0"
                else b""
            )
        except MiniDockerError:
            body = b""
    code, text = "", ""
    try:
        decoded = decode_as(body, _ErrorBody)
        if decoded.errors:
            code, text = decoded.errors[0].code, decoded.errors[0].message
        text = text or decoded.details or decoded.message
    except ValueError:
        pass
    if code:
        words = code.lower().replace("_", " ")
        text = f"{words}: {text}" if text and text != words else words
    elif status == 429:
        text = f"toomanyrequests: {text or 'too many requests'}"
    elif status == 401:
        text = f"unauthorized: {text or 'authentication required'}"
    else:
        text = text or f"received unexpected HTTP status: {status} {response.reason}".rstrip()
    return Refused(text, status, code, _seconds(response.headers.get("retry-after", "")))


def _seconds(text: str) -> float:
    try:
        return max(0.0, float(text))
    except ValueError:
        return 0.0


def explain(
    error: MiniDockerError, reference: Reference, *, is_push: bool = False
) -> MiniDockerError:
    """Add to an error of the way to a registry what can be done about it."""
    if isinstance(error, Unauthorized) and not error.hint:
        error.hint = f"first: minidocker login {login_name(reference.domain)}".rstrip()
    elif isinstance(error, Unreachable) and not error.hint:
        name = reference.familiar_name
        if is_push and reference.domain == DEFAULT_DOMAIN:
            error.hint = (
                "the Docker Hub cannot be reached; for another registry, name the image for it"
                f" first: minidocker tag {name} HOST:PORT/{name}"
            )
        elif name in BASE_IMAGES:
            error.hint = f"make it here, without a registry: minidocker image bootstrap {name}"
        elif reference.domain == DEFAULT_DOMAIN:
            error.hint = (
                "the Docker Hub cannot be reached: see the network, HTTPS_PROXY, and"
                ' "registry-mirrors" in daemon.json'
            )
        else:
            error.hint = f"does a registry listen at {reference.domain}?"
    return error


def translate(error: Refused, reference: Reference) -> MiniDockerError:
    """Return what a user is told when ``reference`` cannot be had."""
    familiar, name = reference.familiar, reference.familiar_name
    log_in = f"minidocker login {login_name(reference.domain)}".rstrip()
    if error.status == 429 or error.code == "TOOMANYREQUESTS":
        return MiniDockerError(str(error), hint=_rate_limit_hint(error, name, log_in))
    if error.code == "DENIED" or (error.status == 401 and reference.domain == DEFAULT_DOMAIN):
        cause = "denied: requested access to the resource is denied"
        return NotFound(
            f"pull access denied for {name}, repository does not exist or may require"
            f" 'docker login': {cause if error.status == 401 else error}",
            hint=f"check the spelling; for a private repository first: {log_in}",
        )
    if error.status == 401:
        return Unauthorized(str(error), hint=f"first: {log_in}")
    if error.code == "MANIFEST_UNKNOWN" or (error.status == 404 and not error.code):
        return NotFound(
            f"manifest for {familiar} not found: manifest unknown: {_last(error)}",
            hint="the repository has no such tag; check its spelling",
        )
    if error.code == "NAME_UNKNOWN":
        return NotFound(
            f"repository {name} not found: {error}",
            hint="check the spelling; a private repository needs minidocker login",
        )
    if error.status >= 500:
        return Unavailable(str(error), hint="the registry has trouble: try again later")
    return MiniDockerError(str(error), hint=error.hint)


def translate_push(error: Refused, reference: Reference) -> MiniDockerError:
    """Return what a user is told when ``reference`` cannot be pushed."""
    log_in = f"minidocker login {login_name(reference.domain)}".rstrip()
    if error.status == 429 or error.code == "TOOMANYREQUESTS":
        return MiniDockerError(
            str(error), hint="wait and push again: what arrived is not sent twice"
        )
    if error.code in ("DENIED", "UNAUTHORIZED") or error.status in (401, 403):
        known = "denied: requested access to the resource is denied"
        return Unauthorized(
            known if reference.domain == DEFAULT_DOMAIN else str(error),
            hint=f"first: {log_in}; and {reference.familiar_name} must be a repository of yours",
        )
    if error.status == 405 or error.code == "UNSUPPORTED":
        return MiniDockerError(str(error), hint="the registry takes nothing (read-only?)")
    if error.status >= 500:
        return Unavailable(str(error), hint="the registry has trouble: try again later")
    return MiniDockerError(str(error))


def _last(error: Refused) -> str:
    return str(error).rpartition(": ")[2]


def _rate_limit_hint(error: Refused, name: str, log_in: str) -> str:
    wait = f" (in {error.retry_after_s:.0f} s)" if error.retry_after_s else ""
    if name in BASE_IMAGES:
        return f"make it here instead: minidocker image bootstrap {name}; or {log_in}"
    return (
        f"wait{wait}, or {log_in} (accounts have limits of their own), or name a mirror:"
        ' "registry-mirrors" in daemon.json'
    )


def login_name(domain: str) -> str:
    """Return what ``minidocker login`` takes for a registry: nothing for the Hub."""
    return "" if domain == DEFAULT_DOMAIN else domain


def wrong_content(what: str, wanted: str, found: str) -> IntegrityError:
    """Return the error for bytes that are not what their digest says."""
    return IntegrityError(
        f"{what} is damaged: filesystem layer verification failed: its content is {found},"
        f" expected {wanted}",
        hint="the registry or something on the way changed it; it was not stored",
    )
