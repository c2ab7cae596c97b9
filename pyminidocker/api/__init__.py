"""Docker's Engine API on a unix socket: the one room that knows HTTP and Docker's spelling."""
