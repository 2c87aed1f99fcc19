"""The structure that people find their way by, held to the code: rooms, the map, doors, sizes, locks.

Who may know whom is checked by import-linter (pyproject.toml).
"""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parent.parent
APPS = ("security", "vendors", "catalog", "uploads")
CODE = ("config", *APPS)
MAX_FILE_LINES = 450
MAX_FUNCTION_LINES = 60
AWS = {"boto3", "botocore"}
AWS_DOORS = {
    "uploads/aws/client.py": AWS,
    "uploads/aws/dynamo.py": {"botocore.exceptions", "mypy_boto3_dynamodb"},
    "uploads/aws/shape.py": {"mypy_boto3_dynamodb"},
    "uploads/aws/storage.py": AWS,
    "config/outages.py": {"botocore.exceptions"},
    "config/settings.py": {"boto3.s3.transfer"},
}
STORAGE = {"storages", "django.core.files.storage"}


def _files(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _imports(path: Path) -> set[str]:
    """The full names that a file imports, wherever in it: `from uploads import feed` is uploads.feed."""
    names: set[str] = set()
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{_name(path)}:{node.lineno} imports relatively"
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def _within(name: str, packages: set[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def _docstring(path: Path) -> str:
    return ast.get_docstring(_tree(path)) or ""


def _steps(text: str) -> set[int]:
    """The numbers in "Step 3" and "Steps 5 and 6"."""
    found = re.findall(r"\bSteps? (\d)(?: and (\d))?", text)
    return {int(number) for pair in found for number in pair if number}


# --- rooms -----------------------------------------------------------------------------------------------------

MOST_MODULES = 15  # of a folder, beside its sub-folders
LISTED = re.compile(r"^ *([\w/]+(?:\.py|/))(?=[ ,;:])", re.MULTILINE)
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LAYERS = SETTINGS["tool"]["importlinter"]["contracts"][0]["layers"]


def _packages(*folders: str) -> list[Path]:
    """Every folder of code, but for what Django alone looks into."""
    own = {"migrations", "management", "commands", "templatetags"}
    return [path.parent for path in _files(*folders) if path.name == "__init__.py" and path.parent.name not in own]


def _contents(package: Path) -> set[str]:
    """A folder's modules and sub-folders, as its page lists them: parser.py, rules/."""
    own = {"__init__.py", "apps.py", "migrations", "management", "templatetags", "__pycache__"}
    return {
        f"{path.name}/" if path.is_dir() else path.name
        for path in package.iterdir()
        if path.name not in own and (path.suffix == ".py" or (path / "__init__.py").exists())
    }


@pytest.mark.parametrize("package", _packages("tests", *CODE), ids=_name)
def test_no_folder_has_more_modules_than_one_takes_in_at_a_glance(package: Path) -> None:
    modules = [path.name for path in package.glob("*.py") if path.name != "__init__.py"]
    assert len(modules) <= MOST_MODULES or package.name == "migrations"


WITH_A_PAGE = [p for p in _packages(*CODE) if p.parent != ROOT or p.name in ("catalog", "security", "vendors")]


@pytest.mark.parametrize("package", WITH_A_PAGE, ids=_name)
def test_a_folders_own_page_names_each_of_its_files_and_none_that_is_gone(package: Path) -> None:
    listed = set(LISTED.findall(_docstring(package / "__init__.py")))
    assert listed == _contents(package)


def test_the_page_of_uploads_names_each_of_its_rooms_and_none_that_is_gone() -> None:
    page = _map()[_map().index("The rooms") :]
    rooms = set(re.findall(r"\b([\w/]+(?:\.py|/))(?=[ ,])", page)) - {"docs/architecture.md"}
    assert rooms == _contents(ROOT / "uploads") | {"management/", "templatetags/"}


def test_the_page_of_the_architecture_has_the_layers_that_are_checked_in_their_order() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    drawn = re.search(r"```rooms\n(.*?)```", text, re.DOTALL)
    assert drawn
    lines = [
        re.findall(r"[a-z_]+(?:/[a-z_]+)*(?=/(?: |$)|\.py)", line.partition("  ")[0]) for line in drawn[1].splitlines()
    ]
    stated = [[name.strip().replace(".", "/") for name in layer.split("|")] for layer in LAYERS]
    assert [sorted(line) for line in lines if line] == [sorted(layer) for layer in stated]


def test_every_folder_of_code_has_its_place_among_the_layers() -> None:
    stated = {name.strip() for layer in LAYERS for name in layer.split("|")}
    rooms = {_name(package).replace("/", ".") for package in _packages(*CODE)} - {"config", "uploads"}
    homeless = {room for room in rooms if not _within(room, stated)}
    assert homeless == set()


def _module(path: Path) -> str:
    return _name(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def test_no_import_closes_a_circle_not_even_one_inside_a_function() -> None:
    modules = {_module(path): path for path in _files(*CODE)}
    knows: dict[str, set[str]] = {}
    for name, path in modules.items():
        found = {part for full in _imports(path) for part in (full, full.rpartition(".")[0]) if part in modules}
        knows[name] = found - {name}
    # What is left when everything that knows nobody left is taken away again and again, is a circle or leads to one.
    while free := {name for name, known in knows.items() if not known & knows.keys()}:
        for name in free:
            del knows[name]
    assert knows == {}


def test_an_import_inside_a_function_says_why_it_is_there() -> None:
    silent = [
        f"{_name(path)}:{node.lineno}"
        for path in _files(*CODE)
        for function in ast.walk(_tree(path))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
        and " # " not in path.read_text(encoding="utf-8").splitlines()[node.lineno - 1]
    ]
    assert silent == []


# --- one door to each service ----------------------------------------------------------------------------------


def test_only_the_doors_to_aws_talk_to_it() -> None:
    against = {
        f"{_name(path)} imports {name}"
        for path in _files(*CODE)
        for name in _imports(path)
        if _within(name, AWS) and not _within(name, AWS_DOORS.get(_name(path), set()))
    }
    assert not against


def test_only_the_storage_module_talks_to_file_storage() -> None:
    against = {
        f"{_name(path)} imports {name}"
        for path in _files(*CODE)
        for name in _imports(path)
        if _within(name, STORAGE) and _name(path) != "uploads/aws/storage.py"
    }
    assert not against


# --- the map ---------------------------------------------------------------------------------------------------


def _map() -> str:
    return _docstring(ROOT / "uploads" / "__init__.py")


def _mapped(file: str) -> Path:
    """Where a file of the map lies: in uploads or its pipeline, unless it names another app."""
    places = (ROOT, ROOT / "uploads", ROOT / "uploads" / "pipeline")
    return next((place / file for place in places if (place / file).is_file()), ROOT / file)


def _steps_of_the_map() -> list[tuple[int, str]]:
    return [(int(number), file) for number, file in re.findall(r"^ +(\d) +(\S+\.py)", _map(), flags=re.MULTILINE)]


def test_the_map_numbers_the_steps_of_the_journey_without_a_gap() -> None:
    assert [number for number, _ in _steps_of_the_map()] == list(range(1, 9))


def test_every_file_that_the_map_names_is_there() -> None:
    named = set(re.findall(r"[\w/]+\.py", _map()))
    assert len(named) > len(_steps_of_the_map())
    assert {file for file in named if not _mapped(file).is_file()} == set()


@pytest.mark.parametrize(("number", "file"), _steps_of_the_map())
def test_each_step_has_the_number_that_its_own_docstring_says(number: int, file: str) -> None:
    assert _steps(_docstring(_mapped(file))) == {number}


def test_every_module_that_calls_itself_a_step_stands_in_the_map() -> None:
    steps = {_name(path) for path in _files(*APPS) if _steps(_docstring(path).split("\n\n")[0])}
    assert len(steps) >= 8
    assert {name for name in steps if Path(name).name not in _map()} == set()


# --- sizes -----------------------------------------------------------------------------------------------------


def test_no_file_is_longer_than_people_read() -> None:
    lengths = {
        _name(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in _files(*CODE)
        if "migrations" not in path.parts  # frozen, and most of it Django's own
    }
    assert not {name: lines for name, lines in lengths.items() if lines > MAX_FILE_LINES}


def test_no_function_is_longer_than_a_screen() -> None:
    long = {
        f"{_name(path)}: {node.name}"
        for path in _files(*CODE)
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > MAX_FUNCTION_LINES
    }
    assert not long


def _tasks() -> list[ast.FunctionDef]:
    return [
        node
        for node in _tree(ROOT / "uploads" / "tasks.py").body
        if isinstance(node, ast.FunctionDef) and any("shared_task" in ast.dump(mark) for mark in node.decorator_list)
    ]


@pytest.mark.parametrize("task", _tasks(), ids=lambda task: str(task.name))
def test_a_task_takes_ids_and_holds_no_logic(task: ast.FunctionDef) -> None:
    assert (task.end_lineno or 0) - task.body[0].lineno + 1 <= 6
    assert all(isinstance(arg.annotation, ast.Name) and arg.annotation.id in ("str", "int") for arg in task.args.args)
    assert not [node for node in ast.walk(task) if isinstance(node, ast.For | ast.While | ast.Try)]


def test_the_tasks_are_found() -> None:
    assert {task.name for task in _tasks()} >= {"stage_upload", "consume_stream", "finish_upload", "upkeep"}


# --- requirements ----------------------------------------------------------------------------------------------


def _requirements(path: Path) -> list[str]:
    """The file's entries, each in one line, without comments."""
    text = re.sub(r"^\s*#.*$|\s#.*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [line.strip() for line in text.replace("\\\n", " ").splitlines() if line.strip()]


LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: str(lock.name))
def test_every_locked_requirement_has_one_version_and_hashes(lock: Path) -> None:
    entries = _requirements(lock)
    assert entries
    shape = re.compile(r"[a-z0-9._-]+==\S+( ;[^#]+?)?( +--hash=sha256:[0-9a-f]{64})+")
    assert [entry for entry in entries if not shape.fullmatch(entry)] == []


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").iterdir()), ids=lambda path: str(path.name))
def test_no_requirement_names_a_package_index_or_a_host(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"://|--(extra-)?index|^-i\b|--find-links|--trusted-host| @ ", text, flags=re.MULTILINE)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: str(lock.name))
def test_what_a_requirements_file_asks_for_is_locked_beside_it(lock: Path) -> None:
    locked = {entry.partition("==")[0] for entry in _requirements(lock)}
    wanted = {
        re.split(r"[\[~=<>! ;]", entry)[0].lower()
        for entry in _requirements(lock.with_suffix(".in"))
        if not entry.startswith("-")
    }
    assert wanted
    assert wanted <= locked


# --- what people are told to run -------------------------------------------------------------------------------


def _targets() -> set[str]:
    return set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))


def test_every_make_target_is_declared_phony() -> None:
    phony = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert phony
    assert set(phony[1].split()) == _targets()


def test_make_help_lists_every_target_with_what_it_is_for() -> None:
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    lines = [re.fullmatch(r"(  make ([a-z][\w-]*) +)\S.+", line) for line in shown.splitlines() if line[:2] == "  "]
    assert {line[2] for line in lines if line} == _targets()
    assert len({len(line[1]) if line else 0 for line in lines}) == 1, "the explanations stand below each other"


def test_every_remedy_that_a_message_names_can_be_run() -> None:
    remedies = {
        found
        for path in [*_files(*CODE), ROOT / "manage.py"]
        for found in re.findall(r"(?:with|[Rr]un): ?\"?\s*\"?(make|manage\.py) ([a-z_]+)", path.read_text("utf-8"))
    }
    assert {name for tool, name in remedies if tool == "make"} - _targets() == set()
    assert {name for tool, name in remedies if tool == "manage.py"} - set(get_commands()) == set()
    assert {("make", "up"), ("manage.py", "dynamodb"), ("manage.py", "seed_categories")} <= remedies


# A number that goes back to us, in an address or a hidden field, of which a page would make "1,234".
_NUMBER_FOR_US = re.compile(r"""(?:value="|[?&;]\w+=)\{\{ [\w.]*(?:pk|newest|older|page_number|attempt) \}\}""")
_TEXT_KEYS = {"upload.pk", "vendor.pk"}


def test_numbers_that_come_back_are_written_without_separators() -> None:
    found = [
        (path.name, one)
        for path in (ROOT / "templates").rglob("*.html")
        for one in _NUMBER_FOR_US.findall(path.read_text(encoding="utf-8"))
        if not any(f"{key} }}}}" in one for key in _TEXT_KEYS)
    ]
    assert found == []
