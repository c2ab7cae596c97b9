"""The engine proper: containers, execs, images, networks, volumes and events as one living whole.

``Engine`` knows neither HTTP nor Docker's PascalCase; ``api/`` adds both.  It decides everything
about a container and has ``images``, ``network`` and ``runtime`` carry it out.
"""
