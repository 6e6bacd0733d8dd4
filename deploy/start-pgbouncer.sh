#!/bin/sh
# Starts PgBouncer with the password of the role `server`, with which it checks clients and connects to PostgreSQL.
set -eu
umask 077
printf '"server" "%s"\n' "$SERVER_PASSWORD" >/tmp/pgbouncer-users.txt
exec pgbouncer "${PGBOUNCER_INI:-/deploy/pgbouncer.ini}"
