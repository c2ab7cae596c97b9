"""The file the engine's process runs: ``python -P -S .../api/boot.py --name default``.

It starts without ``site``: the lab and the zygote are made first, from as small a process as
possible, and only then are the site-packages (and the ``.pth`` files of a laboratory's environment)
looked at.
"""

import sys

_ROOT = __file__.removesuffix("/pyminidocker/api/boot.py")
if _ROOT not in sys.path:
    sys.path.insert(0, _ROOT)

from pyminidocker.api.daemon import main  # noqa: E402

if __name__ == "__main__":
    main()
