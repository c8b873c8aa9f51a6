# The image of sluice: the bundle and production dependencies only, a non-root user, one volume for its state.
FROM node:26-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json tsconfig.json tsconfig.base.json .npmrc ./
COPY packages packages
# `npm ci` makes the bundle; then only the dependencies of production are kept.
RUN npm ci && npm ci --omit=dev --omit=optional --ignore-scripts

FROM node:26-bookworm-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/sluice --create-home sluice && chmod 0750 /var/lib/sluice
WORKDIR /opt/sluice
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/packages/cli/bin packages/cli/bin
COPY --from=build /build/packages/cli/bundle packages/cli/bundle
COPY --from=build /build/packages/cli/package.json packages/cli/
COPY grok-patterns grok-patterns
COPY pipelines /etc/sluice/pipelines
# The same settings as in packages/cli/bin/sluice, which says why.
ENV NODE_OPTIONS=--max-semi-space-size=1 SLUICE_STATE_DIR=/var/lib/sluice \
    MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=33554432 MALLOC_TRIM_THRESHOLD_=33554432
USER sluice
VOLUME /var/lib/sluice
ENTRYPOINT ["node", "packages/cli/bin/sluice.mjs"]
CMD ["run", "/etc/sluice/pipelines/nginx-to-graylog.yaml"]
