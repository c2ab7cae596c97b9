"""What lies in ``inside`` is for the guest; all else here is for the machine around it."""

import os

collect_ignore = ["test_guest.py"] if "MINIDOCKER_GUEST" in os.environ else ["inside"]
