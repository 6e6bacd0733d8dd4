"""Counts the results of a task with Python's standard library. Python 3.9 or newer."""

import json
import re
from collections import Counter
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin
from urllib.request import Request, urlopen

from settings import KEY, TASK, URL


def get(url):
    """Returns the decoded body, and the address of the next page or None after the last page."""
    request = Request(url, headers={"Authorization": f"Bearer {KEY}"})
    with urlopen(request, timeout=30) as response:
        link = re.search(r'<([^>]*)>; rel="next"', response.headers.get("Link", ""))
        return json.load(response), urljoin(url, link[1]) if link else None


def all_jobs(**filters):
    """Yields every matching job once. An empty `after` starts paging by cursor."""
    query = urlencode({**filters, "limit": 100, "after": ""}, doseq=True)
    url = f"{URL}/api/v1/tasks/{TASK}/jobs?{query}"
    while url:
        page, url = get(url)
        yield from page["jobs"]


results = Counter(job["email"]["status"] for job in all_jobs(status=["completed"], has_email="true"))
print(f"{sum(results.values())} completed jobs with a result")
for status, jobs in results.most_common():
    print(f"  {status}: {jobs}")

try:
    get(f"{URL}/api/v1/tasks/{TASK}/jobs?limit=1000")
except HTTPError as error:
    wrong = json.load(error)["error"]
    print(f"A wrong parameter is refused: {error.code} {wrong['code']}, {wrong['details'][0]['reason']}")
