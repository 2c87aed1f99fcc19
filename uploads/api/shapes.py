"""The base of what is sent and answered."""

from typing import Annotated, Any, Final

from ninja import Schema
from pydantic import ConfigDict
from pydantic.json_schema import WithJsonSchema

# A price as a string: a program that reads it as a binary number would have another one.
Price = Annotated[str, WithJsonSchema({"type": "string", "pattern": r"^-?\d+\.\d{2}$", "examples": ["24.90"]})]


class Sent(Schema):
    """What a program sends: a field that isn't known is refused by its name."""

    model_config = ConfigDict(extra="forbid")


class Answered(Schema):
    """What a program gets."""


class ProblemOut(Answered):
    """A refusal, as RFC 9457 has them."""

    type: str
    title: str
    status: int
    detail: str = ""
    errors: list[dict[str, Any]] = []


# What any call may be refused with, and one about one thing.
PROBLEMS: Final = {401: ProblemOut, 403: ProblemOut, 422: ProblemOut, 429: ProblemOut, 503: ProblemOut}
ON_ONE: Final = {404: ProblemOut, 409: ProblemOut, **PROBLEMS}
