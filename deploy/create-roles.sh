#!/bin/sh
# Runs once, when the image creates the primary. Creates the role of the servers, the role of the standby and its slot.
set -eu
psql --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" \
  --set=server_password="$SERVER_PASSWORD" --set=replication_password="$REPLICATION_PASSWORD" <<'SQL'
create role server login password :'server_password';
create role replicator login replication password :'replication_password';
-- The slot keeps the WAL that the standby still needs, at most max_slot_wal_keep_size of it.
select pg_create_physical_replication_slot('standby');
SQL
# The image allows remote connections to databases only: in pg_hba.conf, the database `all` does not include replication.
echo "host replication replicator all scram-sha-256" >>"$PGDATA/pg_hba.conf"
psql --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" --command="select pg_reload_conf()"
