"""Images on disk: content-addressed blobs, unpacked layers, names, and where base images come from."""
