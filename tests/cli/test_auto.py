"""`conda cuda use auto`, `--for torch==2.5.1` and `conda cuda match`, through the real conda."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..conftest import Conda
from ..frameworks import made_up as made

FROM = ("--from=pypi", "--flavor=base", "-y")
NO_DRIVER = {"CONDA_OVERRIDE_CUDA": ""}


def record(prefix: Path) -> str:
    return (prefix / "etc/conda/cuda/state.yaml").read_text()


def torch(prefix: Path, cuda: str | None, version: str = "2.5.1") -> None:
    made.wheel(prefix, "torch", version, requires=made.TORCH_251)
    made.write(prefix, f"{made.SITE}/torch/version.py", made.torch_file(cuda, version=version))


def test_auto_follows_the_framework_in_the_environment(conda: Conda, environment: Path) -> None:
    torch(environment, "12.4")
    result = conda.cuda("use", environment, "auto", *FROM, CONDA_OVERRIDE_CUDA="12.6")
    assert (
        "PyTorch 2.5.1 was built for it, driver for CUDA 12.6 by CONDA_OVERRIDE_CUDA (native)"
        in " ".join(result.out.split())
    )
    assert (environment / "cuda").readlink() == Path("cuda-12.4")
    assert "version: '12.4'" in record(environment)


def test_nothing_recorded_means_auto_and_then_what_was_chosen_stays(
    conda: Conda, environment: Path
) -> None:
    torch(environment, "11.8")
    plan = conda.cuda("use", environment, *FROM, "--json", **NO_DRIVER).json["plan"]
    assert (plan["version"], plan["chosen"]) == (
        "11.8.0",
        "PyTorch 2.5.1 was built for it; no driver is known here",
    )
    torch(environment, "12.4")
    plan = conda.cuda("use", environment, "--json", **NO_DRIVER).json["plan"]
    assert (plan["version"], plan["chosen"]) == ("11.8.0", None)
    plan = conda.cuda("use", environment, "auto", *FROM, "--json", **NO_DRIVER).json["plan"]
    assert plan["version"] == "12.4.1"


def test_auto_takes_what_is_installed_when_it_fits_as_well(conda: Conda, two: Path) -> None:
    made.wheel(two, "jaxlib", "0.4.31")
    made.wheel(two, "jax-cuda12-plugin", "0.4.31", requires=made.JAX_PLUGIN_12)
    result = conda.cuda("use", two, "auto", CONDA_OVERRIDE_CUDA="12.4")
    assert "chosen  CUDA 12.4: JAX 0.4.31 runs with it" in result.out
    assert (two / "cuda").readlink() == Path("cuda-12.4")


def test_auto_without_a_framework_takes_the_best_there_is(conda: Conda, environment: Path) -> None:
    # The driver runs 12.6 in full; the newest up to it that the source has is 12.4.1.
    document = conda.cuda(
        "use", environment, "auto", *FROM, "--json", CONDA_OVERRIDE_CUDA="12.6"
    ).json
    assert document["toolkit"]["version"] == "12.4.1"
    assert document["plan"]["chosen"] == (
        "the newest that fits this machine, driver for CUDA 12.6 by CONDA_OVERRIDE_CUDA (native)"
    )
    assert "version: '12.4'" in record(environment)


def test_auto_for_another_machine(conda: Conda, environment: Path) -> None:
    torch(environment, None)
    document = conda.cuda(
        "use", environment, "auto", "--for", "driver=520.61.05,cc=8.0", *FROM, "--json", **NO_DRIVER
    ).json
    assert document["toolkit"]["release"] == "11.8"
    assert "driver 520.61.05, GPU 8.0 (native)" in document["plan"]["chosen"]
    assert document["plan"]["machine"]["stated"]


def test_for_a_framework_to_come_and_the_machine_it_will_run_on(
    conda: Conda, environment: Path
) -> None:
    torch(environment, "12.4")
    document = conda.cuda(
        "use", environment, "--for", "torch==2.5.1", "--for", "driver=450.80.02,cc=8.0",
        *FROM, "--json", **NO_DRIVER,
    ).json  # fmt: skip
    assert document["toolkit"]["release"] == "11.8"
    assert "whl/cu118" in document["plan"]["chosen"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("auto",), 1, "nothing to choose by: no driver and no framework"),
        ((), 1, "conda cuda use auto --for torch==2.5.1"),
        (("auto", "--for", "mxnet"), 2, "'mxnet' is neither a framework nor a GPU that conda"),
        (("auto", "--for", "rtx 5091"), 2, "Did you mean GeForce RTX 5090 or"),
        (("auto", "--for", "rtx 6000"), 2, "'rtx 6000' can be Quadro RTX 6000 (7.5), RTX A6000"),
        (("auto", "--for", "torch==2.5.9"), 1, "Nearest known releases: 2.5.0, 2.5.1"),
        (("auto", "--for", "torch==\x01\udcff"), 2, "is not a framework"),
        (("12.4", "--for", "torch==2.5.1"), 2, "Leave one of them out."),
        (("auto", "--for", "driver=abc"), 2, "The machine 'driver=abc' cannot be understood"),
        (("auto", "--for", "torch", "--for", "jax"), 2, "--for names more than one framework."),
        (("auto", "--for", "torch==2.5.1", "--for", "driver=575.57.08,cc=12.0"), 1,
         "No known build of PyTorch 2.5.1 runs here."),
    ],
)  # fmt: skip
def test_what_cannot_be_chosen_is_said_with_a_next_step(
    conda: Conda, environment: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    result = conda.cuda("use", environment, *words, check=False, **NO_DRIVER)
    assert result.code == code, result.err
    assert said in " ".join(result.err.split())
    assert "Traceback" not in result.err
    assert not (environment / "etc/conda/cuda").exists()


def test_a_framework_that_cannot_run_here_stops_auto(conda: Conda, environment: Path) -> None:
    torch(environment, "11.8")
    result = conda.cuda(
        "use", environment, "auto", "--for", "driver=575.57.08,cc=12.0", check=False
    )
    assert result.code == 1
    assert "PyTorch 2.5.1 was built for CUDA 11.8, which does not run here." in result.err
    assert "conda cuda match torch shows the builds that run here." in result.err


def test_match_prints_the_builds_and_the_commands(conda: Conda) -> None:
    env = "env CONDA_OVERRIDE_CUDA=11.4 CONDA_OVERRIDE_CUDA_ARCH=8.6"
    out = conda("cuda", "match", "torch==1.8.1", "--for", "driver=470.82.01,cc=8.6").out
    assert out == (
        "PyTorch 1.8.1, of 2021-03-25\n"
        "on another machine: driver 470.82.01, CUDA up to 11.4, GPU (8.6)\n"
        "\n"
        "  CUDA 10.2  pip, the default: does not run (cannot)\n"
        "      cuDNN 7.6.5.32, GPUs from compute capability 3.7\n"
        "      pip install torch==1.8.1\n"
        "      CUDA 10.2 makes code for compute capability 3.0 to 7.5; the Ampere GPU\n"
        "      has 8.6. CUDA 11.1 is the first release for 8.6.\n"
        "* CUDA 11.1  pip: runs (native)\n"
        "      cuDNN 8.0.5.39, GPUs from compute capability 3.7\n"
        "      pip install torch==1.8.1+cu111 -f https://download.pytorch.org/whl/torch_stable.html\n"
        "  CUDA 10.1  pip: does not run (cannot)\n"
        "      cuDNN 7.6.3.30, GPUs from compute capability 3.7\n"
        "      pip install torch==1.8.1+cu101 -f https://download.pytorch.org/whl/torch_stable.html\n"
        "      CUDA 10.1 makes code for compute capability 3.0 to 7.5; the Ampere GPU\n"
        "      has 8.6. CUDA 11.1 is the first release for 8.6.\n"
        "  CUDA 11.2  conda-forge: runs (native)\n"
        f'      {env} conda install -c conda-forge "pytorch=1.8.1=cuda112*"\n'
        "  CUDA 11.1  conda-forge: runs (native)\n"
        f'      {env} conda install -c conda-forge "pytorch=1.8.1=cuda111*"\n'
        "  CUDA 11.0  conda-forge: runs (minor)\n"
        f'      {env} conda install -c conda-forge "pytorch=1.8.1=cuda110*"\n'
        "      CUDA 11.0 makes no code for the Ampere GPU (8.6), which runs what is\n"
        "      built for 8.0.\n"
        "  CUDA 10.2  conda-forge: does not run (cannot)\n"
        f'      {env} conda install -c conda-forge "pytorch=1.8.1=cuda102*"\n'
        "  CUDA 11.3  pytorch channel: runs (native)\n"
        "      GPUs from compute capability 3.7\n"
        f"      {env} conda install pytorch==1.8.1 cudatoolkit=11.3 -c pytorch -c conda-forge\n"
        "  CUDA 10.2  pytorch channel: does not run (cannot)\n"
        "      GPUs from compute capability 3.7\n"
        f"      {env} conda install pytorch==1.8.1 cudatoolkit=10.2 -c pytorch\n"
        "\n"
        "  CPU only  pip\n"
        "      pip install torch==1.8.1+cpu -f https://download.pytorch.org/whl/torch_stable.html\n"
        "  CPU only  conda-forge\n"
        f'      {env} conda install -c conda-forge "pytorch=1.8.1=cpu*"\n'
        "\n"
        "* is the build to take.\n"
        "A toolkit of the same CUDA, to compile with:\n"
        f"      {env} conda cuda use 11.1\n"
        "\n"
        "conda-forge may lack some of its variants for this very release.\n"
        "The pytorch channel ended with 2.5.1; what it has stays.\n"
    )


def test_match_without_a_version_and_without_a_driver(conda: Conda) -> None:
    out = conda("cuda", "match", "tensorflow", **NO_DRIVER).out
    assert out.startswith("TensorFlow 2.21.0, with cuDNN >=9.3,<10\non a machine without a known")
    assert "* CUDA 12.5  pip, the default: not known\n" in out
    assert 'pip install "tensorflow[and-cuda]==2.21.0"' in out
    assert 'No driver is known here; state one: --for "h100,driver=550"' in out


def test_match_as_a_document(conda: Conda) -> None:
    document = conda(
        "cuda", "match", "torch==2.11.0", "--for", "driver=580.65.06,cc=7.0", "--json"
    ).json
    assert (document["framework"], document["version"], document["toolkit"]) == (
        "torch", "2.11.0", "12.6",
    )  # fmt: skip
    pip = {row["cuda"]: row for row in document["builds"] if row["source"] == "pip"}
    assert {cuda: row["verdict"] for cuda, row in pip.items()} == {
        "13.0": "cannot", "12.9": "cannot", "12.8": "cannot", "12.6": "native",
    }  # fmt: skip
    assert pip["12.8"]["reasons"][0]["id"] == "build-narrow"
    assert pip["12.6"]["best"]
    assert [pip["12.6"][key] for key in ("cudnn", "oldest")] == ["9.10.2.21", "5.0"]
    assert pip["12.6"]["commands"] == [
        "pip install torch==2.11.0 --index-url https://download.pytorch.org/whl/cu126"
    ]
    assert document["cpu"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("torch==2.5.9",), 1, "No PyTorch 2.5.9 is known. Nearest known releases: 2.5.0, 2.5.1"),
        (("mxnet",), 2, "Frameworks: torch, tensorflow, jax, cupy"),
        (("torch>=2",), 2, "Write torch, or torch==2.5.1."),
        (("\x01\udcff\udcfe",), 2, "is not a framework"),
        (("x" * 100_000,), 2, "is not a framework"),
        (("torch", "--for", "jax"), 2, "No GPU is known by the name 'jax'."),
        ((), 2, "No framework was named."),
    ],
    ids=["version", "framework", "range", "binary", "long", "machine", "nothing"],
)
def test_match_with_words_it_does_not_know(
    conda: Conda, words: tuple[str, ...], code: int, said: str
) -> None:
    result = conda("cuda", "match", *words, check=False, **NO_DRIVER)
    assert result.code == code, result.err
    assert said in " ".join(result.err.split())
    assert "Traceback" not in result.err
    assert len(result.err) < 1000


def test_match_speaks_of_the_environment_that_is_named(conda: Conda, two: Path) -> None:
    named = conda.cuda("match", two, "jax", check=False, **NO_DRIVER).out
    assert "\nin two: no framework; CUDA 12.4.1 is current\n" in named
    result = conda.cuda("match", two, check=False, **NO_DRIVER)
    assert "UsageError: No framework was named, and none is installed in two." in result.err
    torch(two, "12.4")
    shown = conda.cuda("match", two, **NO_DRIVER).out
    # Without a framework it is the one that is there, and the commands are for this environment.
    assert shown.startswith("PyTorch 2.5.1")
    assert "\nin two: PyTorch 2.5.1 for CUDA 12.4; CUDA 12.4.1 is current\n" in shown
    assert "\n      conda run -n two pip install torch==2.5.1\n" in shown
    assert '\n      conda install -c conda-forge "pytorch=2.5.1=cuda126*" -n two\n' in shown
    active = conda("cuda", "match", CONDA_PREFIX=str(two), CONDA_SHLVL="1", **NO_DRIVER).out
    assert "\n      pip install torch==2.5.1\n" in active
    document = conda.cuda("match", two, "--json", "-y", **NO_DRIVER).json
    assert document["environment"] == str(two)
    assert document["installed"] == [
        {"name": "torch", "title": "PyTorch 2.5.1", "version": "2.5.1", "cuda": "12.4"}
    ]
    assert conda("cuda", "match", "torch", "--json", **NO_DRIVER).json["environment"] is None


def test_errors_of_match_as_documents(conda: Conda) -> None:
    document = conda("cuda", "match", "torch==2.5.9", "--json", check=False, **NO_DRIVER).json
    assert document["exception_name"] == "UnknownReleaseError"
    assert document["nearest"] == ["2.5.0", "2.5.1", "2.6.0", "2.7.0"]
