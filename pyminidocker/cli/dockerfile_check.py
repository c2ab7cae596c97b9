"""``build --check``: what a Dockerfile says that is probably not meant, without building it.

See: https://docs.docker.com/build/checks/
"""

from __future__ import annotations

from pyminidocker.cli.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyminidocker.client.context_pack import PackedContext

_RULE = "-" * 20


def check(context: PackedContext) -> int:
    """Print the findings; return 1 when there are any.

    Raises:
        Failure: the Dockerfile is in an archive or behind a URL, or it is wrong.
    """
    import site

    site.main()  # the command runs without installed packages (-S), and the reader needs msgspec
    from pyminidocker.dockerfile.errors import DockerfileError, excerpt
    from pyminidocker.dockerfile.parser import parse

    if context.text is None:
        raise Failure("--check needs a Dockerfile on this machine", hint="name its directory")
    try:
        dockerfile = parse(context.text(), context.shown)
    except DockerfileError as error:
        place = f"{context.shown}:{error.line}" if error.line else context.shown
        lines = [place, _RULE, *error.excerpt, _RULE] if error.excerpt else []
        raise Failure("\n".join([*lines, f"ERROR: {error.message}"]), hint=error.hint) from None
    count = len(dockerfile.warnings)
    found = f"{count} warning{'s have' if count != 1 else ' has'} been found!"
    print(f"Check complete, {found if count else 'no warnings found.'}")
    for one in dockerfile.warnings:
        print(f"\nWARNING: {one.rule} - {one.see}\n{one.text}\n{context.shown}:{one.line}")
        print("\n".join([_RULE, *excerpt(dockerfile.source, one.line), _RULE]))
    return 1 if count else 0
