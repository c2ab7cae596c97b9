"""How much slower this machine is than those the figures are for."""

import os

# The guest of tests/guest is emulated.
SLOWNESS = 5 if "MINIDOCKER_GUEST" in os.environ else 1
