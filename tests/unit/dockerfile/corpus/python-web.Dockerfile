# syntax=docker/dockerfile:1.7
# check=skip=SecretsUsedInArgOrEnv

ARG PYTHON_VERSION=3.12
FROM python:${PYTHON_VERSION}-slim-bookworm AS base
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=on
WORKDIR /app

FROM base AS wheels
RUN apt-get update \
 && apt-get install -y --no-install-recommends build-essential libpq-dev \
 # the lists are of no use in an image
 && rm -rf /var/lib/apt/lists/*
COPY requirements.txt constraints.txt ./
RUN --mount=type=cache,target=/root/.cache/pip,sharing=locked \
    --mount=type=secret,id=pip_conf,target=/etc/pip.conf \
    pip wheel --wheel-dir /wheels -r requirements.txt -c constraints.txt

FROM base AS runtime
ARG APP_UID=10001
RUN useradd --uid ${APP_UID} --create-home --shell /usr/sbin/nologin app
COPY --from=wheels /wheels /wheels
RUN pip install --no-index --find-links=/wheels /wheels/*.whl && rm -r /wheels
COPY --chown=app:app --chmod=0755 entrypoint.sh /usr/local/bin/
COPY --chown=app:app --exclude=**/__pycache__ --exclude=tests src/ ./src/
USER app
EXPOSE 8000/tcp
VOLUME ["/app/data"]
STOPSIGNAL SIGINT
HEALTHCHECK --interval=30s --timeout=3s --start-period=10s --retries=3 \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz')"]
ENTRYPOINT ["entrypoint.sh"]
CMD ["gunicorn", "--bind=0.0.0.0:8000", "src.wsgi:application"]
