"""Images on disk: blobs by content, unpacked layers, names, and where base images come from."""
