"""docs/deploying.md: its arithmetic adds up, what it names is there, and what it promises of a first start is so."""

import re
import subprocess
from pathlib import Path
from typing import Final

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command, get_commands

from config.embedded.processes import ROOT
from tests.deploy import template

GUIDE: Final = (ROOT / "docs" / "deploying.md").read_text(encoding="utf-8")
METRICS: Final = {"OldestPendingSeconds", "QueueAgeSeconds"}  # which the template follows
UNITS: Final = sorted((ROOT / "deploy").glob("*.service"))
MONEY: Final = re.compile(r"\$([\d,]+\.\d\d)")


def _costs() -> list[list[str]]:
    section = GUIDE[GUIDE.index("## What a month costs") :]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def test_each_cost_is_the_product_that_stands_beside_it_and_the_sums_are_their_sums() -> None:
    *lines, last = _costs()
    sums = [0.0] * (len(last) - 1)
    for line in lines:
        for n, cell in enumerate(line[1:]):
            if cell == "–":
                continue
            factors, _, result = cell.partition(" = ")
            made = 1.0
            for factor in factors.split(" × "):
                made *= float(factor.replace(",", ""))
            assert MONEY.fullmatch(result), cell
            assert float(result[1:].replace(",", "")) == pytest.approx(made, abs=0.006), cell
            sums[n] += float(result[1:].replace(",", ""))
    assert [f"**${total:,.2f}**" for total in sums] == last[1:]


@pytest.mark.parametrize(("column", "size"), [(1, "budget"), (2, "production")])
def test_the_processors_that_are_paid_for_are_those_of_the_size(column: int, size: str) -> None:
    set_to = template.of_size(size)
    workers = ("Staging", "Stream", "Worker") if set_to["WorkersByQueue"] == "true" else ("Worker",)
    counted = [int(set_to[f"{name}Min"]) for name in workers]
    cpu = (int(set_to["WebCpu"]) * int(set_to["WebMin"]) + int(set_to["WorkerCpu"]) * sum(counted) + 256) / 1024
    memory = (
        int(set_to["WebMemory"]) * int(set_to["WebMin"]) + int(set_to["WorkerMemory"]) * sum(counted) + 512
    ) / 1024
    said = {line[0]: line[column].split(" × ")[0] for line in _costs()}
    assert (float(said["Fargate, vCPU"]), float(said["Fargate, GB"])) == (cpu, memory)


def test_every_parameter_and_output_that_it_names_is_of_the_template() -> None:
    assert all(name in template.PATH.read_text(encoding="utf-8") for name in METRICS)
    known = template.read()["Parameters"].keys() | template.read()["Outputs"].keys()
    for name in re.findall(r"`([A-Z][a-z]+(?:[A-Z][a-z]+)+)`", GUIDE):
        assert name in known or name in METRICS, name
    for name in re.findall(r"^\s*(?:--parameter-overrides )?([A-Z][A-Za-z]+)=", GUIDE, re.MULTILINE):
        assert name in known, name


def test_its_shell_commands_are_a_shells() -> None:
    for block in re.findall(r"```\n(.*?)```", GUIDE, re.DOTALL):
        done = subprocess.run(["sh", "-n"], input=block, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{block}\n{done.stderr}"


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: str(unit.name))
def test_systemd_tells_the_main_process_alone_to_stop_and_gives_it_time(unit: Path) -> None:
    """The children of a worker would die in the middle of a batch, and their leases would have to run out."""
    assert {"KillMode=mixed", "TimeoutStopSec=60"} <= set(unit.read_text(encoding="utf-8").splitlines())


def test_a_worker_is_named_after_its_unit_and_prints_no_banner_between_the_lines() -> None:
    """Two of one name answer for each other; a banner is no JSON."""
    worker, beat = ((ROOT / "deploy" / f"onboarding-{role}.service").read_text() for role in ("worker", "beat"))
    assert "/celery --quiet -A config worker -n %p@%%h " in worker
    assert "/celery --quiet -A config beat " in beat


def test_a_roots_shell_runs_commands_as_the_units_do() -> None:
    unit, shell = UNITS[0].read_text(encoding="utf-8"), (ROOT / "deploy" / "as-onboarding.sh").read_text()
    user, folder, env = (
        re.findall(rf"^{name}=(.+)$", unit, re.MULTILINE)[0] for name in ("User", "WorkingDirectory", "EnvironmentFile")
    )
    for said in (f"--uid={user}", f"--working-directory={folder}", f"EnvironmentFile={env}", f"{folder}/.venv/bin/"):
        assert said in shell
    subprocess.run(["sh", "-n"], input=shell, text=True, check=True)


def test_what_the_chapter_of_systemd_installs_is_there_and_is_what_nginx_and_the_units_name() -> None:
    chapter = GUIDE[GUIDE.index("## On one server with systemd") : GUIDE.index("**nginx** ends TLS")]
    nginx = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    for path in re.findall(r"^(?:cp|install -m 600|\.) ([\w./*-]+)", chapter, re.MULTILINE):
        assert list(ROOT.glob(path)), path
    for path in re.findall(r"^ +ssl_certificate(?:_key)? (.+);$", nginx, re.MULTILINE):
        assert chapter.count(path) == 2, path
    assert "default_server" in nginx
    assert "rm /etc/nginx/sites-enabled/default" in chapter
    for name in re.findall(r"^as_onboarding (\w+)", chapter, re.MULTILINE):
        assert name in get_commands(), name
    for unit in UNITS:
        assert chapter.count(unit.stem) >= 2, "is enabled, and stopped for a restore"


def test_the_first_of_the_staff_gets_the_password_that_the_stack_made(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = template.read()["Resources"]["PrepareTask"]["Properties"]["ContainerDefinitions"][0]
    assert {"Name": "DJANGO_SUPERUSER_PASSWORD", "ValueFrom": {"Ref": "FirstPassword"}} in task["Secrets"]
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "made-by-the-stack")
    call_command("createsuperuser", interactive=False, username="ada", email="ada@example.com", verbosity=0)
    assert User.objects.get().check_password("made-by-the-stack")
