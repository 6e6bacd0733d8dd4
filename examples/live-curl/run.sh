#!/bin/sh
# Follows a task until it is complete. The first events are all jobs of the task, then each job comes again when it changes.
set -eu
cd "$(dirname "$0")"
. ./settings.sh

call --no-buffer "$URL/api/v1/tasks/$TASK/events" | {
  jobs=0
  event=
  while IFS= read -r line; do
    case $line in
      "event: "*) event=${line#event: } ;;
      "data:"*)
        case $event in
          job) jobs=$((jobs + 1)) ;;
          progress) echo "progress ${line#data: }" ;;
          complete) echo "complete after $jobs jobs" && exit 0 ;;
          failure) echo "failure ${line#data: }" >&2 && exit 1 ;;
        esac
        ;;
    esac
  done
  echo "The connection broke. The last id in Last-Event-ID resumes, as live-python shows." >&2
  exit 1
}
