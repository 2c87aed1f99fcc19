"""The embedded endpoint for DynamoDB, its streams and S3, behind a guard: `python -m config.embedded.endpoint`.

The endpoint itself asks nobody for anything, and lets every web page read its answers. So a page that is open in a
browser on this machine, or another user of it, could empty table and bucket. The guard lets through who names this
installation's own key in the signature (`Authorization`), as the product's clients do. The key is made once and stands
in services.json, for its owner only. The signature isn't checked: the key is the secret, and travels on loopback alone.
Presigned addresses would carry it; the product hands out none (its files go through its own pages), so none is taken.

What a browser sends for a page is refused in any case, and so is a Host that isn't this machine: a page of somebody
else's name that resolves to 127.0.0.1. No answer has a CORS header. ENDPOINT_KEY in the environment is the key,
ENDPOINT_HOST one more name that it goes by: between containers nothing is 127.0.0.1.
"""

import hmac
import json
import os
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

HOSTS = frozenset({b"127.0.0.1", b"localhost", b"[::1]"})
# A browser says these of every request of a page; the product's clients never do.
OF_BROWSERS = {b"origin", b"sec-fetch-site", b"sec-fetch-mode", b"sec-fetch-dest"}
_SIGNED_BY = re.compile(rb"AWS4-HMAC-SHA256 Credential=([^/,\s]{1,128})/")
_PORT = re.compile(rb":\d{1,5}$")
REFUSAL = {
    "__type": "UnrecognizedClientException",
    "message": "This endpoint takes requests that carry this installation's own key, and none of web pages",
}


def guarded(app: App, key: str, hosts: frozenset[bytes] = HOSTS) -> App:
    """The same application, for who names the key and one of its hosts. `key` isn't empty. Raises ValueError."""
    if not key:
        raise ValueError("The endpoint needs a key.")

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await app(scope, receive, send)
        elif scope["type"] != "http":  # a websocket: nothing of ours opens one
            await send({"type": "websocket.close", "code": 1008})
        elif admitted(scope["headers"], key, hosts):
            await app(scope, receive, _without_cors(send))
        else:
            await _refuse(send)

    return guard


def admitted(headers: list[tuple[bytes, bytes]], key: str, hosts: frozenset[bytes] = HOSTS) -> bool:
    """Whether a request is one of this installation's own. Header names are in lower case, as ASGI gives them."""
    found = dict(headers)
    if OF_BROWSERS & found.keys() or len(found) < len({*headers}):  # one that is there twice may say two things
        return False
    if _PORT.sub(b"", found.get(b"host", b"")) not in hosts:
        return False
    signed = _SIGNED_BY.match(found.get(b"authorization", b""))
    return signed is not None and hmac.compare_digest(signed[1], key.encode())


def _without_cors(send: Send) -> Send:
    async def bare(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [pair for pair in message["headers"] if not bytes(pair[0]).lower().startswith(b"access-control-")]
            message = {**message, "headers": kept}
        await send(message)

    return bare


async def _refuse(send: Send) -> None:
    body = json.dumps(REFUSAL).encode()
    headers = [
        (b"content-type", b"application/x-amz-json-1.0"), (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]  # fmt: skip
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def main() -> None:
    from ministack import app as endpoint  # type: ignore[import-untyped] # takes a second to import

    key, host = os.environ.pop("ENDPOINT_KEY", ""), os.environ.pop("ENDPOINT_HOST", "")
    endpoint.app = guarded(endpoint.app, key, HOSTS | {host.encode()} if host else HOSTS)
    endpoint.main()


if __name__ == "__main__":
    main()
