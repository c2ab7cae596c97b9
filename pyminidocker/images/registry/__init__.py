"""The client of registries: OCI's distribution protocol, in threads, over sockets it is given."""
