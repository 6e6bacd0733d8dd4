#!/bin/sh
# Starts PgBouncer with the password of the role `server`, which it needs for callers and for PostgreSQL.
set -eu
umask 077
printf '"server" "%s"\n' "$SERVER_PASSWORD" >/tmp/pgbouncer-users.txt
exec pgbouncer "${PGBOUNCER_INI:-/deploy/pgbouncer.ini}"
