FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# npm runs it after every install: the driver is repaired in both stages.
COPY tools/repairs/ tools/repairs/
RUN npm ci
COPY tsconfig.json ./
COPY tools tools
COPY src src
RUN npm run build

FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY tools/repairs/ tools/repairs/
# The embedded PostgreSQL is the optional part: an image gets its database by DATABASE_URL.
RUN npm ci --omit=dev --omit=optional

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
# Owned by root and run by somebody else: the program cannot change itself.
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json schema.graphql ./
COPY drizzle drizzle
USER node
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 4000}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Not by npm, which would stand between the process and its signals.
CMD ["node", "dist/main.js"]
