"""`./run`: from any place, in a path with spaces, what it says when Python or its venv module is missing, its stamp."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: A Python that has all but the venv module, and one that is too old.
NO_VENV = '#!/bin/sh\n[ "$1" = -m ] && [ "$2" = venv ] && exit 1\nexec {python} "$@"\n'
TOO_OLD = "#!/bin/sh\nexit 1\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with spaces in its name that holds what ./run reads."""
    place = tmp_path / "a place with spaces"
    place.mkdir()
    for name in ("run", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, place)
    return place


def run(checkout: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [checkout / "run", *arguments], cwd="/", env=os.environ | environment, capture_output=True, text=True
    )


def program(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


def stamped(checkout: Path) -> None:
    """A venv whose stamp says that everything is installed."""
    binaries = checkout / ".venv" / "bin"
    binaries.mkdir(parents=True)
    program(binaries / "python", '#!/bin/sh\nfor one in "$@"; do echo "[$one]"; done; echo "home=$CERTSVC_HOME"\n')
    wanted = 'cd "$1" && { cat requirements.lock pyproject.toml && printf %s "$PWD"; } | cksum > .venv/.certsvc-stamp'
    subprocess.run(["sh", "-c", wanted, "sh", str(checkout)], check=True)


def test_a_missing_venv_module_is_told_with_the_line_to_type(checkout: Path, tmp_path: Path) -> None:
    python = program(tmp_path / "python", NO_VENV.format(python=shutil.which("python3")))
    done = run(checkout, "demo", PYTHON=str(python))
    assert done.returncode == 1
    assert "apt-get install python3-venv" in done.stderr
    assert not (checkout / ".venv").exists()


def test_a_python_that_is_too_old_is_told_with_the_line_to_type(checkout: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("python3", "python3.14", "python3.13", "python3.12", "python3.11"):
        program(folder / name, TOO_OLD)
    done = run(checkout, "demo", PATH=f"{folder}:/usr/bin:/bin")
    assert done.returncode == 1
    assert "Python 3.11" in done.stderr and "apt-get install python3" in done.stderr


def test_a_second_start_installs_nothing_and_passes_its_arguments_on(checkout: Path) -> None:
    stamped(checkout)
    done = run(checkout, "verify", "a file.pdf", "--at", "2025-01-01")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:6] == ["[-m]", "[certsvc]", "[verify]", "[a file.pdf]", "[--at]", "[2025-01-01]"]
    assert done.stderr == ""


def test_a_demo_lives_beside_the_program_unless_told_otherwise(checkout: Path) -> None:
    stamped(checkout)
    assert f"home={checkout}/var/demo" in run(checkout, "demo").stdout
    assert "home=/srv/other" in run(checkout, "demo", CERTSVC_HOME="/srv/other").stdout


@pytest.mark.parametrize("changed", ["requirements.lock", "pyproject.toml"])
def test_a_changed_lock_or_project_file_is_installed_anew(checkout: Path, tmp_path: Path, changed: str) -> None:
    stamped(checkout)
    with (checkout / changed).open("a") as file:
        file.write("# changed\n")
    python = program(tmp_path / "python", NO_VENV.format(python=shutil.which("python3")))
    assert "installing" in run(checkout, "verify", PYTHON=str(python)).stderr


def test_the_lock_names_no_registry_and_hashes_everything() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    packages = [block for block in lock.split("\n") if block and not block.startswith((" ", "#"))]
    assert len(packages) > 40
    assert lock.count("--hash=sha256:") >= len(packages)


def test_the_pre_commit_hooks_fetch_nothing() -> None:
    text = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert text.count("- repo:") == text.count("- repo: local") == 1
