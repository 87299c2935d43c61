"""What must hold of the tree as a whole: promises of the root, cheap import, documented modules, budget."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import cutaway

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted((ROOT / "src" / "cutaway").rglob("*.py"))
HEAVY = (
    "numpy", "h5py", "tensorflow", "keras", "rich", "networkx", "yaml", "resvg_py", "argparse", "starlette", "uvicorn",
    "asyncio",
)  # fmt: skip


def run_python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": str(ROOT / "src")}
    )
    return done.stdout.strip()


def test_root_promises_what_it_has() -> None:
    assert len(cutaway.__all__) <= 20
    assert len(set(cutaway.__all__)) == len(cutaway.__all__)
    for name in cutaway.__all__:
        assert getattr(cutaway, name).__name__ == name
    assert set(dir(cutaway)) == {*cutaway.__all__, "__version__"}


def test_root_refuses_other_names_and_says_which_it_has() -> None:
    with pytest.raises(AttributeError, match="plot_model"):
        _ = cutaway.draw_model


def test_no_public_function_hides_a_package() -> None:
    packages = {path.stem if path.stem != "__init__" else path.parent.name for path in MODULES}
    assert not packages & set(cutaway.__all__)


def test_import_loads_nothing_heavy() -> None:
    loaded = run_python(f"import cutaway, sys; print(*sorted(set({HEAVY!r}) & set(sys.modules)))")
    assert loaded == ""


def test_the_heavy_list_would_catch_a_heavy_import() -> None:
    loaded = run_python(f"import cutaway, rich, sys; print(*sorted(set({HEAVY!r}) & set(sys.modules)))")
    assert loaded == "rich"


def test_every_module_says_what_it_is_for() -> None:
    silent = [path.name for path in MODULES if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]
    assert silent == []


def test_every_package_says_what_goes_in_and_out() -> None:
    packages = [path for path in MODULES if path.name == "__init__.py" and path.parent.name != "cutaway"]
    for path in packages:
        said = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").lower()
        missing = [word for word in ("in: ", "out: ", "import") if word not in said]
        assert not missing, f"the docstring of {path.parent.relative_to(ROOT)} does not say {missing}"


def test_size_budget_sees_what_is_too_long(tmp_path: Path) -> None:
    long_body = "def long_one():\n" + "    x = 1\n" * 51
    (tmp_path / "a.py").write_text(long_body + "y = 2\n" * 600, encoding="utf-8")
    code = f"""
import sys; sys.path.insert(0, {str(ROOT / "scripts")!r})
import budget, pathlib
print(*budget.excesses(pathlib.Path({str(tmp_path / "a.py")!r}), "a.py"), sep="\\n")
"""
    assert run_python(code).splitlines() == [
        "a.py: 652 lines; at most 600",
        "a.py:1: the body of long_one has 51 lines; at most 50",
    ]
