"""What goes over the engine's socket: HTTP/1.1 with hijacking, and Docker's stream frames."""
