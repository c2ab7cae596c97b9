"""The build tree: stages and steps of a build, what came from the cache, and why the rest not."""
