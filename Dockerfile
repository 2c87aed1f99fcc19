# One image for every role: `docker run IMAGE web | worker | beat | prepare` (deploy/onboarding.sh).
#
# It runs as an ordinary user on a root file system that may be read-only: only /tmp is written to, which has to have
# room for four files of MAX_FILE_BYTES for each web process. `--target endpoint` makes the AWS endpoint for trying.

FROM python:3.13-slim AS base
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    HEARTBEAT_FILE=/tmp/heartbeat
WORKDIR /srv/onboarding
# The number stays the same: volumes belong to it.
RUN groupadd --system --gid 10001 onboarding \
    && useradd --system --uid 10001 --gid onboarding --home-dir /tmp --no-create-home --shell /usr/sbin/nologin onboarding

# --- the locked dependencies, each file of them checked by its hash ---

FROM base AS installer
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1 UV_PYTHON_DOWNLOADS=never
COPY requirements/uv.txt requirements/
RUN python -m venv /opt/uv \
    && /opt/uv/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements/uv.txt \
    && python -m venv --without-pip /opt/venv

FROM installer AS installed
COPY requirements/prod.txt requirements/
RUN /opt/uv/bin/uv pip sync --require-hashes --only-binary :all: --python /opt/venv/bin/python requirements/prod.txt

FROM installer AS installed-endpoint
COPY requirements/endpoint.txt requirements/
RUN /opt/uv/bin/uv pip sync --require-hashes --python /opt/venv/bin/python requirements/endpoint.txt

# --- the code, with what browsers fetch laid out beside it; settings need a database's name for that, and ask none ---

FROM installed AS code
COPY . .
RUN python -m compileall -q -j 0 catalog config security uploads vendors \
    && DATABASE_URL=postgresql://nobody@127.0.0.1:1/none SECRET_KEY=of-the-build PRODUCTION=0 \
        python manage.py collectstatic --noinput --verbosity 0 \
    && install -m 0755 deploy/onboarding.sh /usr/local/bin/onboarding

# --- the AWS endpoint for trying ---

FROM base AS endpoint
COPY --from=installed-endpoint /opt/venv /opt/venv
COPY --from=code /usr/local/bin/onboarding /usr/local/bin/onboarding
COPY --from=code /srv/onboarding /srv/onboarding
RUN install -d -o onboarding -g onboarding -m 0700 /data
USER 10001:10001
VOLUME ["/data", "/tmp"]
HEALTHCHECK --interval=10s --timeout=10s --start-period=30s --retries=3 CMD ["onboarding", "healthy"]
ENTRYPOINT ["onboarding"]
CMD ["aws"]

# --- the platform ---

FROM base AS platform
COPY --from=installed /opt/venv /opt/venv
COPY --from=code /usr/local/bin/onboarding /usr/local/bin/onboarding
COPY --from=code /srv/onboarding /srv/onboarding
USER 10001:10001
EXPOSE 8000
VOLUME ["/tmp"]
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=10s --start-period=60s --retries=3 CMD ["onboarding", "healthy"]
ENTRYPOINT ["onboarding"]
CMD ["web"]
