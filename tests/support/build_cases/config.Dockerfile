# Every instruction that only changes the config.
FROM busybox
LABEL one="1 2" two=b \
      three=c
MAINTAINER somebody <somebody@example.org>
ENV A=1 B="x y" C=$A
ENV OLD form with   blanks
ENV PATH=/opt/bin:$PATH
ARG GIVEN=0
ARG NONE
EXPOSE 8000-8002 80 53/udp
VOLUME ["/data", "/with blank"]
VOLUME /more
USER 1000:1000
STOPSIGNAL SIGUSR1
HEALTHCHECK --interval=1m30s --timeout=500ms --start-period=2h --retries=5 CMD test -e "/x"
ONBUILD RUN echo built > /tmp/onbuild
ONBUILD COPY . /app
SHELL ["/bin/sh", "-ec"]
ENTRYPOINT ["/bin/echo", "a\tb", "\"quoted\""]
CMD echo hi "x"
