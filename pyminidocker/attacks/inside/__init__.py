"""What attackers run inside a container: plain Python that knows ``kit`` and the standard library.

A function is one attack; its source text goes into the container (see ``run``).  It ends by
``won``, ``lost`` or ``untried``.
"""
