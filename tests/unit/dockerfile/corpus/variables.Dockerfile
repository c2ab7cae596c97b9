ARG REGISTRY=docker.example.org
ARG NAME=tool VERSION=1.2.3-rc1
FROM ${REGISTRY}/${NAME}:${VERSION%-*} AS tool
ARG VERSION
ENV FULL=$VERSION \
    MAJOR=${VERSION%%.*} \
    REST=${VERSION#*.} \
    DASHED=${VERSION//./-} \
    FIRST=${VERSION/./_} \
    FALLBACK=${MISSING:-none} \
    WHEN_SET=${VERSION:+yes} \
    QUOTED="a '$VERSION' b" \
    LITERAL='$VERSION' \
    ESCAPED=\$VERSION
LABEL version="${VERSION}" description="two \
words"
EXPOSE ${PORT:-8080}/tcp
USER ${RUN_USER:-nobody}:${RUN_GROUP:-nogroup}
WORKDIR /opt/${MAJOR:-0}
COPY --chown=${RUN_USER:-0} ["a b.txt", "c/*.conf", "/etc/${FULL}/"]
