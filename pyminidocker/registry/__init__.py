"""A registry for classrooms without internet: the OCI distribution API over a directory.

A process of its own (``python -m pyminidocker.registry``): it knows nothing of the engine, and
docker, podman and skopeo speak to it as to any other registry.

See: OCI distribution-spec; docs/decisions/0019.
"""
