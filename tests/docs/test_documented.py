"""Whatever is there for people is documented, in the one place where they look for it."""

import re
from pathlib import Path

import pytest
from django.core.management import BaseCommand, get_commands, load_command_class

from config.embedded.processes import ROOT
from tests.docs.pages import DOCS, README, addresses, name_of, text_of
from tests.test_structure import APPS, CODE, _files, _targets

OWN = sorted(name for name, app in get_commands().items() if app in APPS)
# boto3's second name for a region; what the environment of a request is asked for; between our own processes.
NO_SETTINGS = {
    "AWS_DEFAULT_REGION", "PATH_INFO", "REQUEST_METHOD", "WORKER_READY_FILE", "WORKER_BOUNDS_LOGS", "ROLE_FILE",
    "GATEWAY_PORT", "ENDPOINT_KEY", "ENDPOINT_HOST", "BIND_HOST", "TMPDIR", "DJANGO_SETTINGS_MODULE",
    "AWS_OPERATIONS_FILE",
}  # fmt: skip
# Of each list of the admin: "Each list has …".
GENERIC = (
    r"/admin/\w+/\w+/(?:(?:add|export|import|process_import|views|columns|counts)/"
    r"|<object_id>/(?:(?:change|history|delete|peek)/)?)?"
)
LONGEST_README = 900
LARGEST_PICTURE = 150_000


def _options(command: BaseCommand, name: str) -> set[str]:
    """Its own, those of its calls too, by their long name."""
    base = set(BaseCommand().create_parser("manage.py", "x")._option_string_actions)
    parsers = [command.create_parser("manage.py", name)]
    parsers += [
        one for action in parsers[0]._actions if isinstance(action.choices, dict) for one in action.choices.values()
    ]
    return {option for parser in parsers for option in parser._option_string_actions if option[:2] == "--"} - base


@pytest.mark.parametrize("name", OWN)
def test_every_command_and_option_stands_in_the_page_of_commands(name: str) -> None:
    page = text_of("docs/commands.md")
    assert re.search(rf"`{name}\b", page)
    assert {
        option for option in _options(load_command_class(get_commands()[name], name), name) if option not in page
    } == set()


def test_every_target_of_make_stands_there_too() -> None:
    assert set(re.findall(r"`make (\w+)`", text_of("docs/commands.md"))) == _targets()


def test_every_variable_that_is_read_is_documented() -> None:
    asked = re.compile(r'(?:env\.(?!db_url_config)\w+|environ\.get|ENVIRON\.get|getenv)\(\s*"([A-Z][A-Z0-9_]+)"')
    read = {
        name for path in (*_files(*CODE), ROOT / "gunicorn.conf.py") for name in asked.findall(path.read_text("utf-8"))
    }
    read |= set(re.findall(r"\$\{?([A-Z][A-Z_]+)", text_of("deploy/onboarding.sh")))
    assert {"DATABASE_URL", "METRICS_TOKEN", "WEB_CONCURRENCY", "QUEUES"} <= read
    told = text_of("docs/configuration.md") + text_of("docs/deploying.md")
    assert {name for name in read if f"`{name}`" not in told} - NO_SETTINGS == set()


def test_every_address_stands_in_the_page_of_pages() -> None:
    told = set()
    for part, base in (("**Vendors**", "/vendor/<vendor_id>/"), ("**Staff**", "/admin/"), ("", "")):
        text = text_of("docs/pages.md").partition("## Addresses")[2].partition(part or "**Vendors**")[2 if part else 0]
        for line in re.findall(r"^\| (`.*?) \|", text.partition("\n**")[0], re.MULTILINE):
            told |= {one if one.startswith("/") else base + one for one in re.findall(r"`([^`]+)`", line)}
    begun = tuple(one[:-1] for one in told if one.endswith("…"))
    left = {one for one in addresses() - told if not one.startswith(begun) and not re.fullmatch(GENERIC, one)}
    assert left - {"/admin/<app_label>/", "/admin/<url>"} == set()
    assert {one for one in told if not one.endswith("…")} - addresses() == set()


@pytest.mark.parametrize("page", DOCS, ids=name_of)
def test_every_page_is_led_to_from_the_readme(page: Path) -> None:
    assert f"](docs/{page.name})" in README.read_text(encoding="utf-8")


def test_the_readme_is_read_in_some_minutes() -> None:
    assert len(README.read_text(encoding="utf-8").split()) < LONGEST_README


def test_pictures_are_small_and_each_is_shown() -> None:
    shown = "".join(page.read_text(encoding="utf-8") for page in (README, *DOCS))
    for picture in (ROOT / "docs" / "pictures").iterdir():
        assert picture.stat().st_size < LARGEST_PICTURE, picture.name
        assert f"pictures/{picture.name})" in shown, picture.name
