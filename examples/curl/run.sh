#!/bin/sh
# Reads jobs over REST and GraphQL with curl 7.82 or newer.
set -eu
cd "$(dirname "$0")"
. ./settings.sh
jobs="$URL/api/v1/tasks/$TASK/jobs"

echo "The newest job:"
call "$jobs?limit=1"

echo && echo "The newest failed job, and where the other failed jobs are:"
call --dump-header - --get "$jobs" -d limit=1 -d status=failed | grep -i -e '^link:' -e '^{'

echo && echo "A page that has not changed is 304, without a body:"
etag=$(call --dump-header - --output /dev/null "$jobs?limit=1" | tr -d '\r' | sed -n 's/^[Ee][Tt]ag: //p')
call --output /dev/null --write-out '%{http_code}\n' --header "If-None-Match: $etag" "$jobs?limit=1"

echo "The same page over GraphQL, with two fields:"
call "$URL/graphql" --json '{
  "query": "query ($taskId: UUID!) { taskJobs(taskId: $taskId, limit: 1) { count jobs { status email { deliverability } } } }",
  "variables": { "taskId": "'"$TASK"'" }
}'

echo && echo "A wrong parameter is refused:"
call "$jobs?limit=1000" 2>/dev/null || echo
