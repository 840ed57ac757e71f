"""What depends on the operating system, on Windows: each branch in a Python for Windows.

wine has no junctions, so what is tested of them is that nothing is lost where they are missing.
"""

from __future__ import annotations

from pathlib import Path

import conda_cuda_plugin

from .wine import Wine, windows_path

FOLDER = Path(conda_cuda_plugin.__file__).parent / "system"
BEGIN = "import os, sys\nfrom pathlib import Path\nimport operating_system as system\n"


def answer(windows: Wine, folder: Path, code: str, **variables: str) -> object:
    """What code leaves in `answer`; the module is found by itself, without the package."""
    return windows.answer(BEGIN + code, cwd=folder, PYTHONPATH=windows_path(FOLDER), **variables)


def test_the_constants_are_those_of_windows(windows: Wine, tmp_path: Path) -> None:
    names = ("WINDOWS", "HAS_MODES", "IGNORES_CASE", "LOCKED_FILES_ARE_OPEN")
    code = f"answer = [getattr(system, name) for name in {names}] + [os.name, system.description()]"
    *found, name, description = answer(windows, tmp_path, code)  # type: ignore[misc]
    assert (found, name) == ([True, False, True, False], "nt")
    assert str(description).startswith("Windows ")


def test_a_lock_is_refused_to_a_second_one_and_ends_when_closed(
    windows: Wine, tmp_path: Path
) -> None:
    code = (
        "first, second = (os.open('lock', os.O_RDWR | os.O_CREAT) for _ in range(2))\n"
        "answer = [system.try_lock(first), system.try_lock(second)]\n"
        "os.close(first)\n"
        "answer.append(system.try_lock(second))\n"
    )
    assert answer(windows, tmp_path, code) == [True, False, True]


def test_where_there_are_no_junctions_nothing_is_lost(windows: Wine, tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / "file").touch()
    code = (
        "try:\n"
        "    system.swap_link(Path('link').absolute(), 'new', Path('temporary').absolute())\n"
        "except OSError as error:\n"
        "    answer = [error.winerror, error.winerror in system.NO_LINKS, os.listdir('link')]\n"
        "answer += [system.is_link(Path('link')), system.is_link(Path('nothing'))]\n"
    )
    assert answer(windows, tmp_path, code) == [50, True, ["file"], False, False]
    assert not (tmp_path / "temporary").exists()


def test_a_link_to_a_file_is_a_hard_link(windows: Wine, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text(name)
    code = (
        "here = Path('.').absolute()\n"
        "def swap(target): return system.swap_link(here / 'sub' / 'f', target, here / 'sub' / 't')\n"
        "answer = [swap('../one'), swap('../one'), swap('../two')]\n"
    )
    assert answer(windows, tmp_path, code) == [True, False, True]
    assert (tmp_path / "sub" / "f").samefile(tmp_path / "two")
    assert [path.name for path in (tmp_path / "sub").iterdir()] == ["f"]


def test_folders_cannot_change_places_in_one_step(windows: Wine, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    code = "answer = system.rename_exchange(Path('one'), Path('two'))"
    assert answer(windows, tmp_path, code) is False


def test_there_is_no_signal_to_hold_back(windows: Wine, tmp_path: Path) -> None:
    code = "with system.uninterrupted():\n    answer = 'whole'\n"
    assert answer(windows, tmp_path, code) == "whole"


def test_a_program_is_waited_for_and_gets_its_words_and_variables(
    windows: Wine, tmp_path: Path
) -> None:
    words = ["two words", 'a "quoted" one', "", "50%", "a&b", "^", "trailing\\", "ünï"]
    (tmp_path / "show.py").write_text(
        "import json, os, sys\n"
        "print(json.dumps([sys.argv[1:], os.environ.get('ONE')]), flush=True)\n"
        "sys.exit(7)\n"
    )
    code = (
        f"words = ['python', '-X', 'utf8', 'show.py', *{words!r}]\n"
        "code = system.replace_process(sys.executable, words, {**os.environ, 'ONE': '1'})\n"
        "answer = code"
    )
    done = windows.python_run(
        f"{BEGIN}{code}\nprint(answer)\n", cwd=tmp_path, PYTHONPATH=windows_path(FOLDER)
    )
    shown, status = done.stdout.decode().splitlines()
    import json

    assert json.loads(shown) == [words, "1"]
    assert status == "7"


def test_a_child_gets_what_no_program_starts_without(windows: Wine, tmp_path: Path) -> None:
    code = (
        "import subprocess\n"
        "variables = system.for_child({'ONE': '1'})\n"
        "given = system.for_child({'SYSTEMROOT': 'D:'})['SYSTEMROOT']\n"
        "code = 'import os, random; print(os.environ[\"ONE\"])'\n"
        "out = subprocess.run([sys.executable, '-c', code], env=variables, capture_output=True)\n"
        "answer = [sorted(variables), given, out.stdout.decode().strip()]\n"
    )
    assert answer(windows, tmp_path, code) == [["ONE", "SYSTEMROOT"], "D:", "1"]
