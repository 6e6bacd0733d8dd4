# PgBouncer has no official image. Debian 13 has version 1.24, which supports prepared statements; psql is for its console.
FROM debian:trixie-slim
RUN apt-get update && apt-get install --yes --no-install-recommends pgbouncer postgresql-client && rm -rf /var/lib/apt/lists/*
USER postgres
CMD ["sh", "/deploy/start-pgbouncer.sh"]
