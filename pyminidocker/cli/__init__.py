"""The command line: Docker's verbs, options, columns and exit codes over the Engine API.

``tools/minidocker`` starts ``cli/boot.py`` on a bare interpreter; ``main.py`` knows every verb by
name and imports only the one that was asked for.
"""
