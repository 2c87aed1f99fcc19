"""`manage.py` in a process that stays: a command a line, and an answer a line. Starting one for each takes a second.

Standard input has a JSON list of arguments in each line; the answer is a list of the exit status, what the command
wrote to standard output, and what to standard error.
"""

import json
import sys
import traceback

import django

django.setup()

from django.db import close_old_connections  # noqa: E402 - Django has to be ready first

from tests.commands import as_manage_py  # noqa: E402


def run(arguments: list[str]) -> tuple[int, str, str]:
    """As `manage.py` with these arguments: whatever goes wrong ends the command, not the process."""
    close_old_connections()  # the server may have been killed since the last command
    try:
        return as_manage_py(*arguments)
    except Exception:
        return 1, "", traceback.format_exc()


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)  # noqa: T201 - what this command is for
