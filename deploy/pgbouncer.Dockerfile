# PostgreSQL's project publishes no image of PgBouncer. Debian 13 has version 1.24, which supports prepared statements.
FROM debian:trixie-slim
RUN apt-get update && apt-get install --yes --no-install-recommends pgbouncer && rm -rf /var/lib/apt/lists/*
USER postgres
CMD ["sh", "/deploy/start-pgbouncer.sh"]
