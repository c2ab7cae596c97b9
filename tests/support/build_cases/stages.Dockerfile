ARG GIVEN=0
ARG BASE=busybox
FROM $BASE AS builder
ARG GIVEN
RUN mkdir -p /out/bin && echo "built with $GIVEN" > /out/bin/program && chmod 755 /out/bin/program \
    && ln -s program /out/bin/alias && chown -R 3:4 /out
ENV LOST=yes
FROM busybox AS base
ENV KEPT=yes
CMD ["kept"]
FROM base
COPY --from=builder /out /opt
COPY --from=builder --chown=9 /out/bin/program /usr/bin/
COPY --from=0 /out/bin/ /dir/
ENTRYPOINT ["/opt/bin/program"]
