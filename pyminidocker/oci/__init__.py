"""The Open Container Initiative's formats as plain data: no files, no network, no kernel."""
