# njchan's images: gateway (nginx, njs and the compiler), sidecar, and Redis. docker-compose.yml builds and joins them.

# Another base, such as a copy in a registry of your own, has to be Debian 13 or later.
ARG BASE=debian:trixie-slim

FROM ${BASE} AS node
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates nodejs \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /usr/share/njchan

# What njchan runs, made with packages that the images need not have.
FROM node AS build
# Debian's npm has 400 dependencies; its nodejs brings corepack, which fetches npm itself and checks the hash.
ARG NPM=npm@10.9.9+sha512.d60fba8cb42f688b81e33c2f1cbef2ad7b977166700ec0ad057f1b6d60ea6ef2524abf673e20c35931cd8305d1dbb8887134d6eefdc0e7b8435bd458bf65b862
# For a package registry of your own: --build-arg for both.
ARG COREPACK_NPM_REGISTRY
ARG npm_config_registry
COPY package.json package-lock.json ./
RUN corepack ${NPM} ci --ignore-scripts --no-audit --no-fund --no-update-notifier
COPY . .
# What was only readable for its owner where it comes from would not be readable in the images.
RUN node setup/build.mjs \
    && corepack ${NPM} prune --omit=dev --ignore-scripts --no-audit --no-fund --no-update-notifier \
    && chmod -R a+rX .

# The gateway's njchan and the sidecar run as one user: the socket between them is open to nobody else.
FROM node AS njchan
RUN groupadd --gid 10001 njchan \
    && useradd --uid 10001 --gid njchan --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin njchan \
    && install -d -o njchan -g njchan -m 0755 /run/njchan \
    && ln -s /usr/share/njchan/cli/bin/njchan.js /usr/local/bin/njchan
COPY --from=build /usr/share/njchan/package.json /usr/share/njchan/LICENSE ./
COPY --from=build /usr/share/njchan/node_modules node_modules
COPY --from=build /usr/share/njchan/cli/bin cli/bin
COPY --from=build /usr/share/njchan/dist dist
# Makes /run/njchan the default of --run-dir; a volume mounted there takes over its owner.
ENV XDG_RUNTIME_DIR=/run NODE_ENV=production

FROM njchan AS sidecar
USER njchan
CMD ["node", "dist/sidecar/main.js", "--config", "/run/njchan/sidecar.json", "--follow"]

FROM njchan AS gateway
# What nginx writes to its log files goes to the container's log.
RUN apt-get update \
    && apt-get install -y --no-install-recommends nginx libnginx-mod-http-js \
    && rm -rf /var/lib/apt/lists/* \
    && ln -sf /dev/stdout /var/log/nginx/access.log \
    && ln -sf /dev/stderr /var/log/nginx/error.log
COPY --from=build /usr/share/njchan/nginx/nginx.conf /etc/njchan/nginx.conf
USER njchan
EXPOSE 8080
CMD ["njchan", "up", "--without-sidecar", "-c", "/etc/njchan/nginx.conf"]

FROM ${BASE} AS redis
RUN apt-get update \
    && apt-get install -y --no-install-recommends redis-server \
    && rm -rf /var/lib/apt/lists/*
USER redis
WORKDIR /var/lib/redis
EXPOSE 6379
# Open to every address: only the network of the containers leads there.
CMD ["redis-server", "--bind", "* -::*", "--protected-mode", "no", "--appendonly", "yes", "--save", ""]
