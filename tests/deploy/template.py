"""deploy/cloudformation.yaml as tests ask it: its resources, what roles allow, and as far as it can be tried."""

import json
from functools import cache
from typing import Any, Final

from config.embedded.processes import ROOT

PATH: Final = ROOT / "deploy" / "cloudformation.yaml"
GIVEN: Final = {
    "DomainName": "onboarding.example.com", "EmailUrl": "smtp+tls://user:password@mail.example.com:587",
    "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/1",
}  # fmt: skip
# What the embedded endpoint's CloudFormation doesn't know, and what hangs on it.
UNKNOWN_THERE: Final = {
    "AWS::ApplicationAutoScaling::ScalableTarget", "AWS::ApplicationAutoScaling::ScalingPolicy", "AWS::EC2::EIP",
    "AWS::EC2::NatGateway",
}  # fmt: skip
HANGS_ON_IT: Final = {"PrivateRoute"}


@cache
def read() -> dict[str, Any]:
    # Only here, since it takes a second to import, in each process that collects the tests.
    from cfnlint.decode import decode  # type: ignore[import-untyped] # it has no annotations for others

    found, problems = decode(str(PATH))
    assert not problems
    return dict(json.loads(json.dumps(found)))


def of_size(name: str) -> dict[str, str]:
    """The parameters of a size, as deploy/NAME.json has them."""
    return dict(json.loads((ROOT / "deploy" / f"{name}.json").read_text(encoding="utf-8"))["Parameters"])


def for_the_embedded_endpoint(parameters: dict[str, str]) -> str:
    """The template as far as that endpoint goes. It takes no text for a number, as CloudFormation does."""
    template = read()
    numbers = {
        name: int(parameters.get(name, known.get("Default", 0)))
        for name, known in template["Parameters"].items()
        if known["Type"] == "Number"
    }

    def filled(part: Any) -> Any:
        if isinstance(part, dict):
            if part.keys() == {"Ref"} and part["Ref"] in numbers:
                return numbers[part["Ref"]]
            return {name: filled(inner) for name, inner in part.items()}
        return [filled(inner) for inner in part] if isinstance(part, list) else part

    resources = {
        name: filled(resource)
        for name, resource in template["Resources"].items()
        if resource["Type"] not in UNKNOWN_THERE and name not in HANGS_ON_IT
    }
    return json.dumps({**template, "Metadata": {}, "Resources": resources}, separators=(",", ":"))


def statements(role: str) -> list[dict[str, Any]]:
    """What a role's own policies allow."""
    policies = read()["Resources"][role]["Properties"].get("Policies", [])
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]


def actions(statement: dict[str, Any]) -> set[str]:
    found = statement["Action"]
    return {found} if isinstance(found, str) else set(found)
