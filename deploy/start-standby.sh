#!/bin/sh
# Copies the primary if the data directory is empty, and then runs it as a standby.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  PGPASSWORD="$REPLICATION_PASSWORD" pg_basebackup --host="$PRIMARY_HOST" --username=replicator --pgdata="$PGDATA" \
    --write-recovery-conf --slot=standby --checkpoint=fast
fi
# With feedback, the primary keeps the rows that a read on this standby still needs.
exec postgres -c hot_standby_feedback=on "$@"
