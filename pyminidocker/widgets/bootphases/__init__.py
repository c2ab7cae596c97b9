"""Boot phases: what takes its time until a machine, or a container, answers."""
