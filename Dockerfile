# The bot. PostgreSQL is an image of its own: database.Dockerfile.

FROM python:3.13-slim-trixie AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src

# What is installed: `run`, or `zim` for an image that imports ZIM files, with libzim under the GPL.
ARG REQUIREMENTS=run

# The dependencies first: they change less often than the code, and stay in the cache.
COPY requirements/build.txt requirements/run.txt requirements/zim.txt requirements/
RUN python -m venv /opt/build \
    && /opt/build/bin/pip install --require-hashes --only-binary :all: -r requirements/build.txt \
    && python -m venv /opt/whereis \
    && /opt/whereis/bin/pip install --require-hashes --only-binary :all: -r "requirements/$REQUIREMENTS.txt"

COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY cogs cogs
COPY db db
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /tmp/wheel . \
    && /opt/whereis/bin/pip install --no-deps --no-index /tmp/wheel/*.whl \
    && /opt/whereis/bin/pip check \
    && /opt/whereis/bin/python -m compileall -q /opt/whereis/lib


FROM python:3.13-slim-trixie

# libcairo2 draws SVG pictures; libseccomp2 keeps those that read pictures from everything else.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libcairo2 libseccomp2 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --home-dir /data --no-create-home whereis \
    && install -d -o whereis -g whereis /data

COPY --from=build /opt/whereis /opt/whereis

ENV PATH=/opt/whereis/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    XDG_CACHE_HOME=/tmp/cache \
    WHEREIS_DATA_DIR=/data \
    WHEREIS_HEALTH_PORT=8080

WORKDIR /data
USER whereis

# `run` and `web` answer; without an answer for a while the container counts as unhealthy.
HEALTHCHECK --interval=30s --timeout=8s --start-period=90s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.build_opener(u.ProxyHandler({})).open('http://127.0.0.1:' + os.environ['WHEREIS_HEALTH_PORT'] + '/healthz', timeout=7)"]

CMD ["whereis-bot", "run"]
