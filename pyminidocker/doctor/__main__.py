"""The examination in a process of its own: ``python -I -S .../doctor/__main__.py [ENGINE]``."""

import sys

_ROOT = __file__.removesuffix("/pyminidocker/doctor/__main__.py")
if _ROOT not in sys.path:
    sys.path.append(_ROOT)

from pyminidocker.doctor.examination import examine  # noqa: E402
from pyminidocker.doctor.findings import to_json  # noqa: E402

sys.stdout.write(to_json(examine(*sys.argv[1:2])))
