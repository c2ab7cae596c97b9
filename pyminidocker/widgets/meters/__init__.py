"""The gauge: what a container uses, against what it may use, up to the OOM kill."""
