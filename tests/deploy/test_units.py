"""The units of systemd: each process may do little beside its work, and is told to stop as it must be."""

import re
from pathlib import Path
from typing import Final

import pytest

from config.embedded.processes import ROOT

UNITS: Final = {path.stem: path for path in sorted((ROOT / "deploy").glob("*.service"))}
# What a process must not be able to do, and the directives that see to it.
SHUT: Final[dict[str, tuple[str, ...]]] = {
    "get more rights than it has": ("NoNewPrivileges=yes", "CapabilityBoundingSet=", "RestrictSUIDSGID=yes"),
    "be root": ("User=onboarding", "PrivateUsers=yes"),
    "write files but its own": ("ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes", "UMask=0077"),
    "see devices": ("PrivateDevices=yes",),
    "see other processes": ("ProtectProc=invisible", "ProcSubset=pid"),
    "change the kernel": (
        "ProtectKernelTunables=yes", "ProtectKernelModules=yes", "ProtectKernelLogs=yes", "ProtectControlGroups=yes",
        "ProtectClock=yes", "ProtectHostname=yes",
    ),
    "call what services don't need": (
        "SystemCallArchitectures=native", "SystemCallFilter=@system-service", "SystemCallFilter=~@privileged",
        "SystemCallErrorNumber=EPERM", "RestrictNamespaces=yes", "RestrictRealtime=yes", "LockPersonality=yes",
    ),
    "run memory that it wrote": ("MemoryDenyWriteExecute=yes",),
    "speak other than over the network": ("RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",),
    "stop in the middle": ("KillMode=mixed", "TimeoutStopSec=60", "Restart=always"),
}  # fmt: skip


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


def test_there_is_one_for_each_kind_of_process() -> None:
    procfile = (ROOT / "Procfile").read_text(encoding="utf-8")
    assert set(UNITS) == {f"onboarding-{name}" for name in re.findall(r"^(\w+):", procfile, re.MULTILINE)} - {
        "onboarding-release"
    }


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("what", SHUT)
def test_a_process_cannot(unit: str, what: str) -> None:
    assert [line for line in SHUT[what] if line not in _lines(UNITS[unit])] == []


@pytest.mark.parametrize("unit", UNITS)
def test_no_later_line_takes_back_what_an_earlier_one_shut(unit: str) -> None:
    """Of a directive that takes one value the last one counts; of lists an empty one forgets those before."""
    named = [line.partition("=")[0] for line in _lines(UNITS[unit]) if "=" in line]
    assert sorted({name for name in named if named.count(name) > 1}) == ["SystemCallFilter"]
    assert "SystemCallFilter=" not in _lines(UNITS[unit])
    assert not [name for name in named if name in ("AmbientCapabilities", "ReadWritePaths", "SupplementaryGroups")]


@pytest.mark.parametrize("unit", UNITS)
def test_secrets_stand_in_a_file_for_root_and_not_in_the_unit(unit: str) -> None:
    assert "EnvironmentFile=/etc/onboarding.env" in _lines(UNITS[unit])
    assert not [line for line in _lines(UNITS[unit]) if line.startswith("Environment=")]


def test_the_web_listens_on_loopback() -> None:
    assert any("--bind 127.0.0.1:8000" in line for line in _lines(UNITS["onboarding-web"]))
