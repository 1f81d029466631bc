# Redis and Valkey as Debian 13 has them.
ARG BASE
FROM ${BASE}
RUN apt-get update \
    && apt-get install -y --no-install-recommends redis-server valkey-server \
    && rm -rf /var/lib/apt/lists/*
