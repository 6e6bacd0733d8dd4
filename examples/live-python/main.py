"""Follows a task until it is complete with Python's standard library, and resumes when the connection breaks."""

import json
import sys
import time
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from settings import KEY, TASK, URL

# The server sends a comment every 12 seconds, so a longer silence means that the connection is lost.
SILENCE = 30
RETRY_DELAY = 1


def read_events(response):
    """Yields (event, data, id) of a text/event-stream."""
    event, data, event_id = None, [], None
    for line in response:
        field, _, value = line.decode().rstrip("\r\n").partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            event = value
        elif field == "data":
            data.append(value)
        elif field == "id":
            event_id = value
        elif field == "" and value == "" and event:
            yield event, "\n".join(data), event_id
            event, data, event_id = None, [], None


def follow():
    """Yields the events of all connections as if they were one, until the task is complete."""
    last_id = None
    while True:
        headers = {"Authorization": f"Bearer {KEY}", "Accept": "text/event-stream"}
        if last_id:
            headers["Last-Event-ID"] = last_id
        try:
            with urlopen(Request(f"{URL}/api/v1/tasks/{TASK}/events", headers=headers), timeout=SILENCE) as response:
                for event, data, event_id in read_events(response):
                    last_id = event_id or last_id
                    yield event, data
                    if event in ("complete", "failure"):
                        return
        except HTTPError as error:
            if error.code not in (429, 502, 503, 504):
                sys.exit(f"{error.code} {error.read().decode()}")
        except (OSError, HTTPException):
            pass
        print("The connection broke, and is opened again.", file=sys.stderr)
        time.sleep(RETRY_DELAY)


changes = 0
for event, data in follow():
    if event == "job":
        changes += 1
    elif event == "progress":
        print(f"{json.loads(data)['progress_percent']} % done", flush=True)
    elif event == "failure":
        sys.exit(f"The server ended the stream: {data}")
print(f"The task is complete, after {changes} jobs and changes of jobs.")
