"""From a finished specification to a running process: what runc is to Docker.

``host`` makes the lab, the set of namespaces the engine lives in; ``zygote`` is the engine's end of
the socket to the one process that forks; ``init`` is what a forked child does until it turns into
the user's program.
"""
