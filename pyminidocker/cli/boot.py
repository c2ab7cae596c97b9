"""The first Python file that runs: ``python -I -S .../cli/boot.py ps``.

A bare interpreter (``-I -S``: no site-packages, no environment) starts in a sixth of the time of
one that imports ``site`` and the ``.pth`` files of a laboratory's environment.  It does not know
where this package is, but this file does.  ``os._exit`` at the end saves the taking apart of
everything that the kernel takes apart anyway.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - whatever python3 the launcher found
    sys.exit(
        f"minidocker: {sys.executable} is Python {sys.version.split()[0]}; 3.11 or newer is needed"
        "\nhint: run `make lab`, or set MINIDOCKER_PYTHON to another Python"
    )

_ROOT = __file__.removesuffix("/pyminidocker/cli/boot.py")
if _ROOT not in sys.path:
    sys.path.append(_ROOT)

from pyminidocker.cli.main import main  # noqa: E402


def run() -> None:
    """Run the command line in ``sys.argv`` and end the process."""
    import os

    code = main(sys.argv[1:])
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        code = code or 141
    except OSError as error:  # a full disk, and output that was still in our buffer
        os.write(2, f"minidocker: {error.strerror}\n".encode())
        code = code or 1
    os._exit(code)


if __name__ == "__main__":
    run()
