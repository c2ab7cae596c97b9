"""The states of a container as a diagram that follows what happens to it."""
