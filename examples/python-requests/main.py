"""Reads failed jobs over REST, and the progress of their task over GraphQL, with requests."""

from urllib.parse import urljoin

import requests
from requests.adapters import HTTPAdapter
from settings import KEY, TASK, URL
from urllib3.util.retry import Retry

session = requests.Session()
session.headers["Authorization"] = f"Bearer {KEY}"
# 429 and 503 say in Retry-After when to ask again. Each request may be repeated, because this API only reads.
retry = Retry(total=3, backoff_factor=0.5, status_forcelist=[429, 503], allowed_methods=["GET", "POST"])
session.mount(URL, HTTPAdapter(max_retries=retry))


def all_jobs(**filters):
    """Yields every matching job once. An empty `after` starts paging by cursor, and requests parses the header Link."""
    url, params = f"{URL}/api/v1/tasks/{TASK}/jobs", {**filters, "limit": 100, "after": ""}
    while url:
        response = session.get(url, params=params, timeout=30)
        response.raise_for_status()
        yield from response.json()["jobs"]
        following = response.links.get("next")
        url, params = urljoin(url, following["url"]) if following else None, None


failed = list(all_jobs(status=["failed"]))
print(f"{len(failed)} jobs failed, the last one at {failed[0]['updated_at'] if failed else 'no time'}")

query = "query ($id: UUID!) { task(id: $id) { progress { total completed percent } } }"
response = session.post(f"{URL}/graphql", json={"query": query, "variables": {"id": TASK}}, timeout=30)
response.raise_for_status()
answer = response.json()
if "errors" in answer:
    raise SystemExit(answer["errors"][0]["message"])
progress = answer["data"]["task"]["progress"]
print(f"{progress['completed']} of {progress['total']} jobs are completed, {progress['percent']} % are done")
