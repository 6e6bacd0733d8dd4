# Sets URL, KEY and TASK from the environment, or from the demo of the repository.

# `npm start` of the repository writes this file. Outside of the repository there is none.
demo=../../.data/demo.json
[ -f "$demo" ] || demo=/dev/null
from_demo() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" "$demo"; }

URL=${URL:-http://127.0.0.1:4000}
KEY=${KEY:-$(from_demo userKey)}
TASK=${TASK:-$(from_demo taskId)}
if [ -z "$KEY" ] || [ -z "$TASK" ]; then
  echo "Set the environment variables KEY and TASK, or start the demo with \`npm start\` in the repository." >&2
  exit 1
fi

# The key is read from standard input, so that other users of this machine do not see it in the list of processes.
call() {
  printf 'Authorization: Bearer %s\n' "$KEY" | curl --silent --show-error --fail-with-body --header @- "$@"
}
