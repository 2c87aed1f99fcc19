"""Mails to a vendor's owners about a source that can't be fetched: owed in the transaction that makes it true."""

from config.web.text import visible
from uploads.models import Source
from vendors import mails


def failing(source: Source, message: str) -> None:
    _send(
        source, message, "{name} couldn't be fetched three times in a row",
        "The source {name} of {company} couldn't be fetched at its last three times. The last time: {message}",
        "Your catalog stays as it is. We try again at each of its times; after a week of this the source is disabled.",
    )  # fmt: skip


def disabled(source: Source, message: str) -> None:
    _send(
        source, message, "{name} isn't fetched any more",
        "Nothing could be fetched from the source {name} of {company} for a week, so it is disabled. The last time: "
        "{message}",
        "Your catalog stays as it is. Put right what is wrong, then let the source go on:",
    )  # fmt: skip


def host_key_changed(source: Source, message: str) -> None:
    _send(
        source, message, "{name} is paused: its server has another key",
        "The server of the source {name} of {company} shows another host key than the one that was confirmed, so "
        "nothing was sent to it and the source is paused. {message}",
        "Ask who runs the server whether its key was changed. If it was, confirm the new one, then let the source go "
        "on:",
    )  # fmt: skip


def _send(source: Source, message: str, title: str, *paragraphs: str) -> None:
    names = {"name": source.name, "company": source.vendor.vendor_name, "message": message}
    shown = {name: visible(text) for name, text in names.items()}
    title, *said = (text.format(**shown) for text in (title, *paragraphs))
    mails.tell_owners_of(source.vendor, title, said, ("vendor:source", source.vendor_id, source.pk))
