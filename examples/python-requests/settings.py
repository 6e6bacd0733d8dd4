"""URL, KEY and TASK from the environment, or from the demo of the repository."""

import json
import os
import sys
from pathlib import Path

# `npm start` of the repository writes this file. Outside of the repository there is none.
_demo_file = Path(__file__).resolve().parent.parent.parent / ".data" / "demo.json"
_demo = json.loads(_demo_file.read_text()) if _demo_file.exists() else {}


def _setting(name, default):
    value = os.environ.get(name, default)
    if value is None:
        sys.exit(f"Set the environment variable {name}, or start the demo with `npm start` in the repository.")
    return value


URL = _setting("URL", "http://127.0.0.1:4000")
KEY = _setting("KEY", _demo.get("userKey"))
TASK = _setting("TASK", _demo.get("taskId"))
