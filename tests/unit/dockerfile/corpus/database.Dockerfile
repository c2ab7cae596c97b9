FROM alpine:3.19 AS db
ARG PG_MAJOR=16
ENV PGDATA=/var/lib/postgresql/data PG_MAJOR=${PG_MAJOR}
RUN set -eux; \
    addgroup -S -g 70 postgres; \
    adduser -S -u 70 -G postgres -H -h /var/lib/postgresql -s /bin/sh postgres; \
    apk add --no-cache "postgresql${PG_MAJOR}" su-exec tzdata; \
    install --verbose --directory --owner postgres --group postgres --mode 3777 /run/postgresql
RUN --mount=type=tmpfs,target=/tmp,size=64m --mount=type=bind,from=db,source=/etc,target=/mnt,rw true
VOLUME $PGDATA
COPY docker-entrypoint.sh /usr/local/bin/
ENTRYPOINT ["docker-entrypoint.sh"]
STOPSIGNAL SIGINT
EXPOSE 5432
CMD ["postgres"]
