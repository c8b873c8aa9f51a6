# The image of sluice: the bundle and the dependencies of production, an ordinary user, one volume for the state.
# docs/sidecar.md says how to run it. Nothing but /var/lib/sluice is written, so `--read-only` works.
ARG NODE_IMAGE=node:26-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY . .
# The links to the packages that are in the bundle would lead nowhere in the image.
RUN npm ci --workspace @sluice/cli --ignore-scripts \
    && node packages/cli/bundle.ts \
    && npm prune --omit=dev --omit=optional --ignore-scripts \
    && rm -rf node_modules/@sluice node_modules/.bin node_modules/.package-lock.json \
    && find node_modules -depth -type d -empty -exec rmdir {} +

FROM ${NODE_IMAGE}
# Debian packages that a pipeline needs, e.g. `systemd` for the source journald.
ARG PACKAGES=
RUN if [ -n "$PACKAGES" ]; then \
      apt-get update && apt-get install -y --no-install-recommends $PACKAGES && rm -rf /var/lib/apt/lists/*; \
    fi \
    && echo 'sluice:x:10001:10001:sluice:/var/lib/sluice:/bin/false' >> /etc/passwd \
    && echo 'sluice:x:10001:' >> /etc/group \
    && mkdir -p /var/lib/sluice && chown 10001:10001 /var/lib/sluice && chmod 0750 /var/lib/sluice \
    && ln -s /opt/sluice/packages/cli/bin/sluice /usr/local/bin/sluice
WORKDIR /opt/sluice
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/packages/cli/package.json packages/cli/
COPY --from=build /build/packages/cli/bin packages/cli/bin
COPY --from=build /build/packages/cli/bundle packages/cli/bundle
COPY --from=build /build/grok-patterns grok-patterns
COPY --from=build /build/deploy/docker/health.mjs /build/deploy/graylog/create-input.ts deploy/
COPY --from=build /build/pipelines /etc/sluice/pipelines
ENV SLUICE_STATE_DIR=/var/lib/sluice
USER 10001:10001
VOLUME /var/lib/sluice
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s CMD ["node", "/opt/sluice/deploy/health.mjs"]
# Its shell replaces itself by Node.js, which is then process 1 and drains at SIGTERM.
ENTRYPOINT ["sluice"]
CMD ["run", "/etc/sluice/pipelines/nginx-to-graylog.yaml"]
