FROM debian:bookworm-slim
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
RUN <<-APT
	apt-get update
	apt-get install -y --no-install-recommends \
	    ca-certificates curl
	rm -rf /var/lib/apt/lists/*
APT
RUN <<PY
#!/usr/bin/env python3
import sys
print("a program of its own", sys.argv)
PY
RUN cat <<ONE > /one && cat <<"TWO" > /two
first: $HOME
ONE
second: $HOME
TWO
COPY <<motd <<issue /etc/
Welcome to ${HOSTNAME:-this machine}
motd
\n \l
issue
ADD --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d https://example.org/linux.tar.xz /usr/src/
