"""A browser as far as a server feels it: a session, a connection for each request, forms, and how long answers took."""

import http.client
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urlencode

SECONDS: Final = 120.0  # for an answer
CSRF: Final = "csrfmiddlewaretoken"
NO_ANSWER: Final = 0  # in the place of a status


@dataclass(frozen=True)
class Answer:
    status: int
    seconds: float
    text: str = ""
    location: str = ""


@dataclass(frozen=True)
class Asked:
    """A request that was answered, or not: when it began (time.monotonic), what it was for."""

    at: float
    what: str
    status: int
    seconds: float

    @property
    def failed(self) -> bool:
        return self.status == NO_ANSWER or self.status >= 500


@dataclass
class Requests:
    """All requests of all browsers."""

    _asked: list[Asked] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, asked: Asked) -> None:
        with self._lock:
            self._asked.append(asked)

    def take(self) -> list[Asked]:
        """All since they were taken last."""
        with self._lock:
            taken, self._asked = self._asked, []
        return taken


class Browser:
    """Signed in by the session that it is given."""

    def __init__(self, port: int, session: str, requests: Requests) -> None:
        self._port, self._requests, self._csrf = port, requests, secrets.token_hex(16)
        self._headers = {"Cookie": f"sessionid={session}; csrftoken={self._csrf}"}

    def get(self, path: str, what: str, *, part: bool = False) -> Answer:
        """A page, or the part of it that keeps itself up to date."""
        return self._ask("GET", path, what, headers={"HX-Request": "true"} if part else {})

    def send(self, path: str, what: str, form: Mapping[str, str]) -> Answer:
        body = urlencode({**form, CSRF: self._csrf}).encode()
        return self._ask("POST", path, what, body, {"Content-Type": "application/x-www-form-urlencoded"})

    def send_file(self, path: str, what: str, name: str, content: bytes) -> Answer:
        boundary = secrets.token_hex(16)
        parts = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{CSRF}"\r\n\r\n{self._csrf}\r\n--{boundary}\r\n'
            f'Content-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: text/csv\r\n\r\n'
        )
        body = parts.encode() + content + f"\r\n--{boundary}--\r\n".encode()
        return self._ask("POST", path, what, body, {"Content-Type": f"multipart/form-data; boundary={boundary}"})

    def _ask(
        self, method: str, path: str, what: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=SECONDS)
        began = time.monotonic()
        try:
            connection.request(method, path, body, {**self._headers, **(headers or {})})
            response = connection.getresponse()
            text = response.read().decode(errors="replace")
            status, location = response.status, response.headers.get("Location", "")
        except (OSError, http.client.HTTPException) as error:
            status, text, location = NO_ANSWER, repr(error), ""
        finally:
            connection.close()
        taken = time.monotonic() - began
        self._requests.note(Asked(began, what, status, taken))
        return Answer(status, taken, text, location)


def form_of(page: str, form_id: str) -> dict[str, str]:
    """What a browser would send of this form of a page, if nobody changed anything in it."""
    reader = _Form(form_id)
    reader.feed(page)
    return reader.fields


class _Form(HTMLParser):
    """Inputs and selects between the form's tags."""

    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self._id, self._inside, self._select = form_id, False, ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = given.get("id") == self._id
        elif self._inside and tag == "input" and "name" in given and "disabled" not in given:
            if given.get("type") not in ("checkbox", "radio", "submit") or "checked" in given:
                self.fields[given["name"]] = given.get("value", "on")
        elif self._inside and tag == "select" and "disabled" not in given:
            self._select = given.get("name", "")
        elif self._select and tag == "option" and ("selected" in given or self._select not in self.fields):
            self.fields[self._select] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "select":
            self._select = ""
