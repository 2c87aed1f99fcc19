"""Why something didn't come about, in a sentence for people."""


class Refused(Exception):
    """Nothing came of it. `code` is one of: not_an_address, not_https, address_not_allowed, no_such_host, unreachable,
    tls, timeout, too_large, too_many_redirects, encoding, broken_off, http_status; with the last, `status` is it."""

    def __init__(self, code: str, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
