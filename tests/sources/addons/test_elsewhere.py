"""Add-ons for toolkits that are not made of wheels."""

from __future__ import annotations

from pathlib import Path

import pytest

from ...conftest import Conda
from ...frameworks import made_up as made
from ...listing import listing
from .commands import elsewhere, listed, use


class TestAdopted:
    """Toolkits whose files stay where they are."""

    def test_what_is_there_is_read_from_headers(
        self, conda: Conda, environment: Path, system: Path
    ) -> None:
        words = (system, "--cudnn=8.9", "-y", "--json")
        plan = conda.cuda("use", environment, *words).json["plan"]
        assert plan["install"]["addons"] == {"cudnn": "8.9.7"}
        assert listed(conda, environment)["addons"] == {"cudnn": "8.9.7"}
        assert "cuDNN 8.9.7" in conda.cuda("list", environment).out
        assert "cuDNN 8.9.7" in " ".join(conda.cuda("info", environment).out.split())
        # The header has three numbers, cuDNN's releases have four.
        again = conda.cuda("use", environment, "12.4", "--cudnn=8.9.7.29", "--from=system", "-y")
        assert again.out == "CUDA 12.4 is current in one already.\n"

    def test_without_a_header_the_librarys_name_says_it(
        self, conda: Conda, environment: Path, system: Path
    ) -> None:
        (system / "include" / "cudnn_version.h").unlink()
        (system / "lib64" / "libnccl.so.2").write_text("nccl")
        conda.cuda("use", environment, system, "-y")
        assert listed(conda, environment)["addons"] == {"cudnn": "8.9.7", "nccl": "2"}

    @pytest.mark.parametrize(
        ("word", "why"),
        [
            ("--cudnn=9", "with cuDNN 8.9.7, and conda cuda replaces nothing there"),
            ("--nccl=2.21", "without NCCL, and conda cuda adds nothing there"),
            ("--cudnn=none", "with cuDNN 8.9.7, and conda cuda removes nothing there"),
        ],
    )
    def test_nothing_is_added_to_them(
        self, word: str, why: str, conda: Conda, environment: Path, system: Path
    ) -> None:
        conda.cuda("use", environment, system, "-y")
        before, there = listing(environment), listing(system)
        result = conda.cuda("use", environment, system, word, "-y", check=False)
        assert result.code == 1
        assert f"The source system has CUDA 12.4 in {system} {why}." in result.err
        assert "conda cuda use 12.4 " in result.err and "--from channel" in result.err
        assert (listing(environment), listing(system)) == (before, there)


class TestOffer:
    """The cuDNN of the environment's framework."""

    @staticmethod
    def tensorflow(prefix: Path, cudnn: str) -> None:
        info = (
            "import collections\nbuild_info = collections.OrderedDict([('cpu_compiler', 'gcc'), "
            f"('cuda_version', '12.4'), ('cudnn_version', '{cudnn}'), ('is_cuda_build', True)])\n"
        )
        made.wheel(prefix, "tensorflow", "2.99.0")
        place = f"{made.SITE}/tensorflow/python/platform/build_info.py"
        made.write(prefix, place, info)

    def test_it_is_offered_and_not_installed(self, conda: Conda, environment: Path) -> None:
        self.tensorflow(environment, "8")
        words = ("12.4", "--flavor=base", "--from=pypi", "-y")
        shown = " ".join(conda.cuda("use", environment, *words).out.split())
        assert "offered --cudnn 8 adds the cuDNN that tensorflow 2.99.0 was built with" in shown
        assert listed(conda, environment)["addons"] == {}
        plan = use(conda, environment, "12.4", "--components=cublas", "--dry-run")["plan"]
        assert plan["offered"] == {
            "addon": "cudnn",
            "version": "8",
            "option": "--cudnn 8",
            "framework": "tensorflow 2.99.0",
        }
        document = use(conda, environment, "12.4", *plan["offered"]["option"].split())
        assert document["toolkit"]["addons"] == {"cudnn": "8.9.7.29"}
        assert document["plan"]["offered"] is None

    def test_not_where_the_toolkit_has_one(self, conda: Conda, environment: Path) -> None:
        self.tensorflow(environment, "8")
        use(conda, environment, "12.4", "--flavor=base", "--cudnn=9")
        plan = use(conda, environment, "12.4", "--nccl=2", "--dry-run")["plan"]
        assert plan["offered"] is None

    def test_not_where_it_was_refused(self, conda: Conda, environment: Path) -> None:
        self.tensorflow(environment, "8")
        plan = use(conda, environment, "12.4", "--cudnn=none", "--dry-run")["plan"]
        assert plan["offered"] is None

    def test_not_what_does_not_exist_for_this_cuda(self, conda: Conda, environment: Path) -> None:
        self.tensorflow(environment, "8")
        plan = use(conda, environment, "13.0", "--flavor=base", "--dry-run")["plan"]
        assert plan["offered"] is None

    def test_not_for_a_framework_that_brings_its_own(self, conda: Conda, environment: Path) -> None:
        made.wheel(environment, "torch", "2.5.1", requires=made.TORCH_251)
        text = made.torch_file("12.4", version="2.5.1")
        made.write(environment, f"{made.SITE}/torch/version.py", text)
        plan = use(conda, environment, "12.4", "--flavor=base", "--dry-run")["plan"]
        assert plan["offered"] is None


def test_other_toolkits_get_wheels(conda: Conda) -> None:
    origins, found = elsewhere(conda, "12.4", {"cudnn": "9", "nccl": "2.21"})
    assert origins == ["PyPI"]
    assert [row[:2] for row in found] == [
        ["nvidia-cudnn-cu12", "9.10.2.21"],
        ["nvidia-nccl-cu12", "2.21.5"],
    ]
    assert all(row[-1] > 0 for row in found)
