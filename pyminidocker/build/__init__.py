"""Building images from Dockerfiles: stages, steps, their cache, and why a step ran again."""
