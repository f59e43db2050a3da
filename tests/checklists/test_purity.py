"""The engine runs anywhere: no Django, no clock, files only in the loader."""

import ast
import subprocess
import sys
from pathlib import Path

from checklists.engine import loader

ENGINE = Path(loader.__file__).parent
ALLOWED = {"checklists", "yaml", "pydantic", "pydantic_core"}
WITH_PYDANTIC = {"schema.py", "json_schema.py"}
WITH_FILES = {"loader.py"}


def modules() -> dict[str, ast.Module]:
    return {path.name: ast.parse(path.read_text()) for path in ENGINE.glob("*.py")}


def imported(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def test_the_engine_imports_the_standard_library_yaml_and_itself() -> None:
    for file, tree in modules().items():
        for name in imported(tree):
            top = name.partition(".")[0]
            assert top in ALLOWED or top in sys.stdlib_module_names, f"{file} imports {name}"
            if top == "checklists":
                assert name.startswith("checklists.engine"), f"{file} imports {name}"
            if top.startswith("pydantic"):
                assert file in WITH_PYDANTIC, f"{file} imports {name}"


def test_the_engine_reads_no_clock_and_opens_no_files() -> None:
    for file, tree in modules().items():
        names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        names |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        assert not names & {"today", "now", "utcnow", "time", "monotonic"}, file
        if file not in WITH_FILES:
            assert not names & {"open", "read_text", "read_bytes", "write_text"}, file


def test_the_engine_runs_without_django(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "sys.modules['django'] = None\n"
        "from datetime import date\n"
        "from checklists import evaluate_assessment, load_catalogue\n"
        "catalogue = load_catalogue()\n"
        "evaluation = evaluate_assessment(catalogue, as_of=date(2026, 11, 20), facts={}, "
        "answers={}, evidence={})\n"
        "print(len(evaluation.rows))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ENGINE.parent.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 140
