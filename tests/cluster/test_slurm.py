"""Commands that ask the nodes of a real Slurm."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from ..conftest import Conda, Result
from .fleet import NODES
from .slurm import Slurm


@pytest.fixture
def ask(user: Conda, prefix: Path) -> Any:
    """Run a command about the environment for the nodes of a partition."""

    def run(verb: str, target: str, *words: str, **extra: Any) -> Result:
        before, after = (words, ()) if "--" not in words else _split(words)
        return user.cuda(verb, prefix, *before, "--for", f"slurm:{target}", *after, **extra)

    return run


def _split(words: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    at = words.index("--")
    return words[:at], words[at:]


def rules(done: Result) -> dict[str, list[str]]:
    """The rules that the doctor names, with their evidence."""
    return {one["rule"]: one["evidence"] for one in done.json["findings"]}


class TestInfo:
    def test_it_is_a_table_of_the_kinds_of_nodes(self, ask: Any) -> None:
        done = ask("info", "gpu")
        assert re.search(r"hopper[12] \(1 alike\) +2 x H100 80GB HBM3 \(9.0\)", done.out)
        assert re.search(r"old1 +A100-SXM4-40GB \(8.0\) +535.129.03", done.out)
        assert "old1 (driver 535.129.03, GPU 8.0) holds the others back" in " ".join(
            done.out.split()
        )

    def test_all_asks_each_node(self, ask: Any) -> None:
        found = {one["name"]: one for one in ask("info", "gpu/all", "--json").json["nodes"]}
        assert sorted(found) == ["hopper1", "hopper2", "old1"]
        assert all(one["answered"] and one["alike"] == [] for one in found.values())
        assert found["old1"]["machine"]["driver"] == "535.129.03"
        assert found["old1"]["architecture"] == "x86_64"

    def test_the_node_tells_what_the_job_was_given(self, ask: Any) -> None:
        [node] = ask("info", "same", "--json").json["nodes"]
        assert node["visible"] in ("0", "1")
        assert [gpu["compute_capability"] for gpu in node["machine"]["gpus"]] == ["9.0", "9.0"]

    def test_the_environment_is_looked_for(self, ask: Any) -> None:
        nodes = ask("info", "apart/all", "--json").json["nodes"]
        assert {one["name"]: one["environment"] for one in nodes} == {
            "hopper1": "same",
            "far1": "missing",
            "copy1": "other",
        }

    def test_what_was_saved_stands_in_for_the_cluster(
        self, ask: Any, user: Conda, prefix: Path, tmp_path: Path
    ) -> None:
        file = tmp_path / "gpu.yaml"
        asked = ask("info", "gpu/all", "--save", str(file), "--json").json
        # Without Slurm.
        saved = user.cuda("info", prefix, "--for", file, "--json", SLURM_CONF="/nowhere").json
        names = ("name", "answered", "architecture", "newest", "verdict")
        for document in (asked, saved):
            document["nodes"] = [{name: one[name] for name in names} for one in document["nodes"]]
        assert saved["nodes"] == asked["nodes"]
        assert (saved["target"], saved["asked"]) == ("slurm:gpu/all", asked["asked"])
        assert "asked just now" in user.cuda("info", prefix, "--for", file).out

    def test_a_partition_that_does_not_exist_is_answered_with_those_that_do(self, ask: Any) -> None:
        done = ask("info", "gpus", check=False)
        assert done.code == 1
        assert "no node in a partition 'gpus'" in done.err
        assert "apart" in done.err

    def test_options_are_passed_on_to_srun(self, ask: Any) -> None:
        done = ask("info", "same", "--", "--account=nobody", "--no-such-option", check=False)
        assert done.code == 1
        assert "no answer from the nodes of same: 'srun: unrecognized option" in done.err
        assert "no-such-option" in done.err
        assert ask("info", "same", "--", "--comment=for-me").code == 0
        found = ask("info", "gpu", "--json", "--", "--constraint=hopper").json["nodes"]
        problems = {node["name"]: node["problem"] for node in found if not node["answered"]}
        assert problems == {
            "old1": "was not free for the job, or the options behind -- leave it out"
        }


class TestUse:
    def test_auto_takes_what_runs_on_all_nodes(self, ask: Any) -> None:
        done = ask("use", "everything/all", "auto", "--dry-run", "--json", check=False)
        # other1 is of another architecture.
        assert done.code == 1
        assert "other1" in done.json["message"]

    def test_the_weakest_decides_and_is_named(self, user: Conda, prefix: Path) -> None:
        words = ("--for", "slurm:gpu", "--dry-run")
        assert "compat on old1" in user.cuda("use", prefix, "13.0", *words).out
        assert "minor on old1" in user.cuda("use", prefix, "12.4", *words).out

    def test_auto_says_who_decides_and_what_one_would_gain(self, user: Conda, prefix: Path) -> None:
        words = ("auto", "--for", "slurm:two", "--dry-run")
        plan = user.cuda("use", prefix, *words, "--json").json["plan"]
        assert plan["version"] == "12.4.1"
        said = " ".join(user.cuda("use", prefix, *words).out.split())
        assert "the newest that fits each of 2 machines, on middle1, driver 550.54.15" in said
        assert "middle1 (driver 550.54.15, GPU 8.0) holds the others back" in said
        assert "without it: CUDA 13.0" in said
        # Where nobody has it, it has to be said all the same.
        done = user.cuda("use", prefix, "auto", "--for", "slurm:gpu", "--dry-run", check=False)
        assert done.code == 1
        assert "was chosen: the newest that fits each of 2 machines, on old1" in done.err
        assert "old1 (driver 535.129.03, GPU 8.0) holds the others back" in done.err


class TestMatch:
    def test_the_build_is_one_that_runs_on_all(
        self, user: Conda, slurm: Slurm, prefix: Path
    ) -> None:
        words = ("cuda", "match", "torch==2.9.1", "--for", "slurm:gpu", "--json")
        found = user(*words, check=False).json
        best = next(one for one in found["builds"] if one["best"])
        assert best["node"] == "old1"
        assert best["cuda"].startswith("12.")
        assert found["held_back"]["by"] == ["old1"]


class TestDoctor:
    def test_a_healthy_environment_is_so_on_nodes(self, ask: Any) -> None:
        done = ask("doctor", "same", "--strict")
        assert re.fullmatch(
            r"CUDA 12\.4\.1 is in order in \S+train on slurm:same \(hopper[12]; 1 more of its kind "
            r"not asked; asked just now\)\.\n",
            done.out,
        )

    @pytest.mark.parametrize(
        "partition, code, found",
        [
            ("shadows/all", 0, {"node-other-cuda": ["module1", "shadow1"]}),
            ("mixed/all", 0, {"node-without-gpu": ["cpu1"]}),
            ("cpu", 0, {"node-without-gpu": ["cpu1"]}),
            ("quiet/all", 0, {"node-silent": ["silent1"]}),
            ("foreign/all", 3, {"node-other-architecture": ["other1"]}),
            (
                "apart/all", 3,
                {"node-environment-missing": ["far1"], "node-other-environment": ["copy1"]},
            ),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )  # fmt: skip
    def test_each_sick_node_is_named(
        self, ask: Any, partition: str, code: int, found: dict[str, list[str]]
    ) -> None:
        done = ask("doctor", partition, "--json", check=False)
        assert done.code == code
        named = {
            rule: sorted(re.split(r"[ :]", line)[0] for line in lines)
            for rule, lines in rules(done).items()
        }
        assert named == found

    def test_the_evidence_is_what_the_loader_of_the_node_finds(self, ask: Any) -> None:
        lines = rules(ask("doctor", "shadows/all", "--json"))["node-other-cuda"]
        assert sorted(lines) == [
            "module1: /usr/local/apps/cuda-11.8/lib64/libcudart.so.11.0 (LD_LIBRARY_PATH)",
            "shadow1: /usr/local/cuda/lib64/libcudart.so.12 (ld.so.cache); /usr/local/cuda is "
            "/usr/local/cuda-12.1, CUDA 12.1.1",
        ]

    def test_a_node_whose_driver_is_too_old_is_an_error(
        self, ask: Any, user: Conda, prefix: Path
    ) -> None:
        user.cuda("use", prefix, "13.0", "-y", "-q")
        try:
            done = ask("doctor", "gpu", check=False)
        finally:
            user.cuda("use", prefix, "12.4", "-y", "-q")
        assert done.code == 3
        said = " ".join(done.out.split())
        assert "error driver-too-old: On old1: CUDA 13.0.2 needs driver R580 or newer" in said
        assert "old1: driver 535.129.03, NVIDIA A100-SXM4-40GB (8.0)" in said
        assert "A release that runs on all of them: conda cuda use 12.4" in said

    def test_an_active_environment_comes_before_what_a_node_has(
        self, user: Conda, prefix: Path
    ) -> None:
        # As in a shell that has it: Slurm takes the variables along.
        words = (user.exe, "cuda", "doctor", "-p", prefix, "--for", "slurm:shadows/all", "--json")
        done = user("run", "-p", prefix, *words)
        # module1 sets LD_LIBRARY_PATH anew, whatever it was.
        [line] = rules(done)["node-other-cuda"]
        assert line.startswith("module1: ")


class TestWhatStays:
    def test_one_job_asks_them_all(self, ask: Any, slurm: Slurm) -> None:
        before = len(slurm.jobs())
        ask("info", "gpu/all")
        assert len(slurm.jobs()) == before + 1

    def test_nothing_goes_on_after_all_these(self, ask: Any, slurm: Slurm) -> None:
        ask("doctor", "everything/all", check=False)
        assert slurm.going_on() == []
        names = [spec.name for spec in NODES]
        assert {name: slurm.processes(name) for name in names if slurm.processes(name)} == {}
