"""What a name may be made of: people's and companies' names travel in mails, to addresses that others choose.

Control characters and line breaks would let a name pass as more than a name, and characters that turn the text around
would let it pass as another one. Letters of every script, and the joiners that some of them need, may stay.
"""

import re

from django.core.exceptions import ValidationError

_TURNING = "\u202a-\u202e\u2066-\u2069"
_NO_NAME = re.compile(f"[\x00-\x1f\x7f-\x9f\u2028\u2029{_TURNING}]")
_NO_TEXT = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029{_TURNING}]")


def one_line(value: str) -> None:
    """Raises ValidationError for a line break, a control character, or one that turns what follows around."""
    if _NO_NAME.search(value):
        raise ValidationError("Use one line of letters, digits and signs: no line breaks or control characters.")


def some_lines(value: str) -> None:
    """The same for texts that may have several lines, and tabs."""
    if _NO_TEXT.search(value):
        raise ValidationError("Use letters, digits and signs only: no control characters.")
