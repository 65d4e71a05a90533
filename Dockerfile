# One image for every role: `stacfed serve --role ...` picks what a container does.
# The package index is the one that pip is configured with; another one is passed with --build-arg PIP_INDEX_URL=...
ARG PYTHON=3.11

FROM python:${PYTHON}-slim AS build
ARG PIP_INDEX_URL
ENV PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/stacfed
WORKDIR /src
# What we depend on changes seldom, so it is a layer of its own. Only the pinned versions, nothing for tests.
COPY pyproject.toml constraints.txt ./
RUN python -c "import tomllib; project = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
        print(*project['dependencies'], sep='\n')" > requirements.txt \
    && /opt/stacfed/bin/pip install -r requirements.txt -c constraints.txt
COPY stream/ stream/
COPY catalogue/ catalogue/
COPY transaction_api/ transaction_api/
COPY index_node/ index_node/
COPY replica_node/ replica_node/
COPY discovery_api/ discovery_api/
COPY cv/ cv/
COPY schemas/ schemas/
COPY checks/ checks/
COPY alerts/ alerts/
COPY federation/ federation/
RUN /opt/stacfed/bin/pip install --no-deps . && /opt/stacfed/bin/pip check

FROM python:${PYTHON}-slim
# A number and not a name: Kubernetes can then see that it is not root.
RUN groupadd --gid 10001 stacfed \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/stacfed --shell /usr/sbin/nologin stacfed \
    && install --directory --owner=10001 --group=10001 --mode=0750 /var/lib/stacfed
COPY --from=build /opt/stacfed /opt/stacfed
COPY deploy/health.py /usr/local/lib/stacfed/health.py
# The compiled modules are already there, and a container with a read-only file system could not write them.
ENV PATH=/opt/stacfed/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    STACFED_HOST=0.0.0.0 \
    STACFED_PORT=8080 \
    STACFED_DATA_DIR=/var/lib/stacfed
USER 10001:10001
WORKDIR /var/lib/stacfed
EXPOSE 8080
STOPSIGNAL SIGTERM
# Liveness only: an engine that kills what is unhealthy must not kill a node because its Kafka is away.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "/usr/local/lib/stacfed/health.py", "/healthcheck"]
ENTRYPOINT ["stacfed"]
CMD ["serve"]
