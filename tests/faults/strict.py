"""DynamoDB's limits as AWS's own engine holds to them, in front of the embedded one, which mostly doesn't.

What a request asks for is looked at by uploads.aws.limits, and refused in the service's own words and shapes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.faults.answers import dynamodb_answers
from uploads.aws import client, dynamo, limits

REFUSED = "com.amazon.coral.validate#ValidationException"
TOO_LARGE = "Item size to update has exceeded the maximum allowed size"


@dataclass
class Strict:
    """What was asked for, by operation: how many items or statements each request had."""

    puts: list[int] = field(default_factory=list)
    statements: list[int] = field(default_factory=list)
    refuses: str = ""  # what else is refused: items and statements with this text in them
    whole: bool = False  # whether a statement that is refused takes its whole request with it

    def put(self, asked: dict[str, Any]) -> dict[str, Any] | None:
        (requests,) = asked["RequestItems"].values()
        items = [request["PutRequest"]["Item"] for request in requests]
        self.puts.append(len(items))
        keys = {(item["upload_id"]["S"], item["record_id"]["S"]) for item in items}
        reasons = [limits.why_not(item) for item in items]
        if self.refuses:
            reasons += ["One or more parameter values were invalid"] * (self.refuses in str(items))
        if len(keys) < len(items):
            reasons.append("Provided list of item keys contains duplicates")
        found = [reason for reason in reasons if reason]
        return {"__type": REFUSED, "message": found[0]} if found else None

    def execute(self, asked: dict[str, Any]) -> dict[str, Any] | None:
        self.statements.append(len(asked["Statements"]))
        refused = [self._refuses(statement) for statement in asked["Statements"]]
        if not any(refused):
            return None
        if self.whole:
            return {"__type": REFUSED, "message": TOO_LARGE}
        taken = [statement for statement, no in zip(asked["Statements"], refused, strict=True) if not no]
        answers = iter(_executed(taken))
        refusal = {"Error": {"Code": "ValidationError", "Message": TOO_LARGE}}
        return {"Responses": [refusal if no else next(answers) for no in refused]}

    def _refuses(self, statement: dict[str, Any]) -> bool:
        """Whether the item would be too large with what the statement sets."""
        *values, upload_id, record_id = statement["Parameters"]
        item = dynamo.get_record(upload_id["S"], record_id["S"])
        if item is None:
            return False
        written = {**item, "status": values[0]}
        written.pop("error_reason", None)
        if len(values) > 1:
            written["error_reason"] = values[1]
        return limits.why_not(written) is not None or bool(self.refuses and self.refuses in str(written))


def _executed(statements: list[Any]) -> list[Any]:
    """Through a client that nobody answers for."""
    if not statements:
        return []
    ours = client.session(0).client("dynamodb", **client.options())
    return list(ours.batch_execute_statement(Statements=statements)["Responses"])


@contextmanager
def strict(refuses: str = "", *, whole: bool = False) -> Iterator[Strict]:
    """As long as it lasts, DynamoDB holds to its limits."""
    engine = Strict(refuses=refuses, whole=whole)
    with (
        dynamodb_answers("BatchWriteItem", engine.put),
        dynamodb_answers("BatchExecuteStatement", engine.execute),
    ):
        yield engine
