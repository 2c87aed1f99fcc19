"""compose.yaml: right as Compose's specification has it, shut, and nothing to reach from outside but the web's port."""

import re
import subprocess
from pathlib import Path
from typing import Any, Final

import compose_spec
import pytest
import yaml

from config.embedded import endpoint
from config.embedded.processes import ROOT

TEXT: Final = (ROOT / "compose.yaml").read_text(encoding="utf-8")
EXAMPLE: Final = (ROOT / "deploy" / "compose.env.example").read_text(encoding="utf-8")
SERVICES: Final[dict[str, Any]] = yaml.safe_load(TEXT)["services"]
OURS: Final = ("prepare", "web", "worker", "beat")
ENDS: Final = {"prepare"}


def _filled_in(text: str) -> str:
    """As Compose reads it: with a value for each variable, a default or some text, and what is merged in its place."""
    filled = re.sub(r"(?<!\$)\$\{[A-Z_]+:?([-?])([^}]*)\}", lambda it: it[2] if it[1] == "-" else "text", text)
    return yaml.safe_dump(yaml.safe_load(filled.replace("$$", "$")))


def test_it_is_as_the_specification_of_compose_wants_it() -> None:
    found = compose_spec.PyOptions().from_yaml(_filled_in(TEXT))
    found.validate()
    assert set(found.services or {}) == set(SERVICES)


def test_the_check_finds_what_is_wrong() -> None:
    with pytest.raises(Exception, match="imagee"):
        compose_spec.PyOptions().from_yaml(
            _filled_in(TEXT).replace("image: postgres:18", "imagee: postgres:18")
        ).validate()


def test_each_service_waits_for_what_it_needs_and_says_whether_it_is_well() -> None:
    for name, service in SERVICES.items():
        checked = "healthcheck" in service or "build" in service  # what is built has its check in the Dockerfile
        assert checked, name
        for other, how in (service.get("depends_on") or {}).items():
            wanted = "service_completed_successfully" if other in ENDS else "service_healthy"
            assert how["condition"] == wanted, (name, other)
    assert {name for name in OURS if "prepare" in SERVICES[name].get("depends_on", {})} == {"web", "worker", "beat"}
    assert SERVICES["prepare"]["restart"] == "no"


def test_nothing_is_published_but_the_web_on_loopback() -> None:
    assert {name: service["ports"] for name, service in SERVICES.items() if "ports" in service} == {
        "web": ["127.0.0.1:${PORT:-8000}:8000"]
    }


@pytest.mark.parametrize("name", OURS)
def test_the_platform_is_one_image_with_a_command_for_each_role_that_may_write_to_tmp_alone(name: str) -> None:
    service = SERVICES[name]
    assert (service["image"], service["command"]) == ("onboarding:${VERSION:-latest}", [name])
    assert (service["read_only"], service["cap_drop"], service["volumes"]) == (True, ["ALL"], ["/tmp"])  # noqa: S108
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["stop_grace_period"] == "60s"


def test_images_are_named_plainly() -> None:
    for service in SERVICES.values():
        assert re.fullmatch(r"[a-z-]+(/[a-z]+)?:(\d+|\$\{VERSION:-latest\})", service["image"]), service["image"]


def test_no_secret_stands_in_it_and_each_variable_that_it_needs_is_in_the_example() -> None:
    offered = set(re.findall(r"^#? ?([A-Z_]+)=", EXAMPLE, flags=re.MULTILINE))
    asked = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", TEXT))
    assert asked - offered == {"VERSION"}
    assert not re.findall(r"^(?:SECRET_KEY|POSTGRES_PASSWORD|REDIS_PASSWORD|AWS_\w+KEY\w*)=.", EXAMPLE, re.MULTILINE)


def test_the_commands_of_the_guide_fill_the_secrets_in_for_their_owner_alone(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "compose.env.example").write_text(EXAMPLE)
    guide = (ROOT / "docs" / "deploying.md").read_text(encoding="utf-8")
    commands = next(block for block in re.findall(r"```\n(.*?)```", guide, re.DOTALL) if "compose.env.example" in block)
    subprocess.run(["sh", "-euc", commands], cwd=tmp_path, check=True)
    made = dict(
        line.split("=", 1)
        for line in (tmp_path / "compose.env").read_text().splitlines()
        if re.match(r"[A-Z_]+=", line)
    )
    assert (tmp_path / "compose.env").stat().st_mode & 0o077 == 0
    secrets = [made[name] for name in ("SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD", "AWS_ACCESS_KEY_ID")]
    assert all(re.fullmatch(r"[0-9a-f]{64}", secret) for secret in secrets)
    assert len(set(secrets)) == 4
    assert made["AWS_SECRET_ACCESS_KEY"] == made["AWS_ACCESS_KEY_ID"]


def test_between_containers_the_endpoint_is_asked_by_its_name_and_by_no_other() -> None:
    key = "k" * 20
    signed = (b"authorization", f"AWS4-HMAC-SHA256 Credential={key}/20261126/us-east-1/s3/aws4_request".encode())
    hosts = endpoint.HOSTS | {SERVICES["aws"]["environment"]["ENDPOINT_HOST"].encode()}
    for host, let_in in ((b"aws:4566", True), (b"127.0.0.1:4566", True), (b"evil.example:4566", False)):
        assert endpoint.admitted([(b"host", host), signed], key, hosts) is let_in
    assert not endpoint.admitted([(b"host", b"aws:4566"), signed], key)
