FROM busybox
ARG GIVEN=0
ARG OTHER=2
RUN echo $GIVEN > /given && chmod 4711 /given && chown 7:8 /given
RUN ["mkdir", "-m", "1777", "-p", "/a/b"]
RUN true
RUN rm -rf /home && mkdir /home && touch /home/fresh
RUN ln -s given /link && mkfifo /a/fifo
USER daemon
RUN id -u > /tmp/who
WORKDIR /made/by/root
RUN echo \
    # a comment inside
    joined > /tmp/joined
