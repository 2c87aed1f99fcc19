"""Whether something answers at an address, for a container's health check: `python config/answers.py URL`.

Exit status 0 for an answer below 500 within five seconds, else 1 with a sentence. It imports nothing of the project,
since it runs every few seconds.
"""

import sys
import urllib.error
import urllib.request
from typing import Final

SECONDS: Final = 5.0


def complaint(url: str) -> str:
    """What is wrong with the address; "" for nothing."""
    if not url.startswith("http://127.0.0.1:"):
        return f"{url} isn't this container's own."
    try:
        urllib.request.urlopen(url, timeout=SECONDS).close()  # noqa: S310 - looked at above
    except urllib.error.HTTPError as answer:
        return f"{url} answers with {answer.code}." if answer.code >= 500 else ""
    except OSError as error:
        return f"{url} can't be reached: {error}"
    return ""


if __name__ == "__main__":
    sys.exit(complaint(sys.argv[1]) or 0)
