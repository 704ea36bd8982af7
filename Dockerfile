# BASE needs Python 3.11 or later with pip and venv, and is pinned by digest when the image is published
# (.github/workflows/release.yml); docs/deploy.md says how to pin it. The final image has no compiler and no package
# manager's cache. The default is the version on which docs/performance.md was measured: on 3.13, polls by `python -m
# benchmarks --quick --only poll` took about a tenth longer in relation to their reference, within a wide spread.
ARG BASE=python:3.11-slim

FROM ${BASE} AS build
WORKDIR /src
COPY requirements-run.lock pyproject.toml README.md LICENSE ./
COPY exporter exporter
RUN python3 -m venv /opt/backup-exporter \
 && /opt/backup-exporter/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes -r requirements-run.lock \
 && /opt/backup-exporter/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation . \
 && /opt/backup-exporter/bin/python -m compileall -q /opt/backup-exporter/lib

FROM ${BASE}
ARG REVISION=unknown
LABEL org.opencontainers.image.title="backup-exporter" \
      org.opencontainers.image.description="Prometheus exporter for backups that your vendors make" \
      org.opencontainers.image.source="https://github.com/backup-exporter/backup-exporter" \
      org.opencontainers.image.documentation="https://github.com/backup-exporter/backup-exporter/blob/main/docs/README.md" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /opt/backup-exporter /opt/backup-exporter
ENV PATH=/opt/backup-exporter/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# Where the state file is kept unless the configuration names one.
ENV STATE_DIRECTORY=/var/lib/backup-exporter
RUN install -d -o 65532 -g 65532 /var/lib/backup-exporter
USER 65532:65532
VOLUME /var/lib/backup-exporter
EXPOSE 10342
# Follows the address and the scheme that the exporter was started with, by reading its own command line.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["backup-exporter", "health"]
ENTRYPOINT ["backup-exporter"]
CMD ["serve", "--config.file", "/etc/backup-exporter/config.yaml"]
