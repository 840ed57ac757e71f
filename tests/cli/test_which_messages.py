"""`conda cuda which MESSAGE`: every kind of message gets the answer that helps, for each platform.

The messages are those of public reports of errors; paths and names are replaced.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from ..channel.libraries import Compiler
from ..conftest import Conda
from .which_bench import NO_FILE, Bench, made_dll, toolkit

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux toolkits")

LINUX: dict[str, tuple[str, Sequence[str]]] = {
    "link time": (
        "/e/libcusparse.so.12: symbol __nvJitLinkComplete_12_4, version libnvJitLink.so.12 not "
        "defined in file libnvJitLink.so.12 with link time reference",
        ["libnvJitLink.so.12", "lacks __nvJitLinkComplete_12_4", "use 12.9"],
    ),
    "link time, no comma": (
        "/e/libcublas.so.11: symbol free_gemm_select version libcublasLt.so.11 not defined in file "
        "libcublasLt.so.11 with link time reference",
        ["libcublasLt.so.11", "lacks free_gemm_select", "use 11.8"],
    ),
    "symbol without a version": (
        "ImportError: /e/a.so: undefined symbol: ncclCommRegister",
        ["/e/a.so is not here", "lacks ncclCommRegister", "--nccl 2"],
    ),
    "libcuda.so without a number": (
        "AssertionError: libcuda.so cannot found! Possible files are located at "
        "['/e/lib/libcuda.so.1'].",
        ["The driver is here as /e/lib/libcuda.so.1", "TRITON_LIBCUDA_PATH=/e/lib", "ln -s "],
    ),
    "header": (
        "/e/CUDAContext.h:6:10: fatal error: cusparse.h: No such file or directory",
        ["the headers of CUDA", "--flavor devel"],
    ),
    "header, clang": ("fatal error: 'nvrtc.h' file not found", ["nvrtc.h", "--flavor devel"]),
    "header, another language": (
        "x.h:1:1: erreur fatale : cuda_fp16.h: Aucun fichier ou dossier de ce type",
        ["cuda_fp16.h", "--flavor devel"],
    ),
    "header of cuDNN": ("fatal error: cudnn.h: No such file or directory", ["--cudnn 9"]),
    "static library": (
        "/usr/bin/ld: cannot find -lcublas_static: No such file or directory",
        ["libcublas_static.a", "--flavor devel --from redist"],
    ),
    "a symbol at linking": (
        "a.o: undefined reference to `cublasLtMatmul'",
        ["link with -lcublasLt", "--flavor devel"],
    ),
    "PyTorch's CUDA": (
        "Installed CUDA version 12.0 does not match the version torch was compiled with 11.8",
        ["use 11.8 --flavor devel"],
    ),
    "cuDNN": (
        "Found cuDNN version 8600, but JAX was built against version 8906, which is newer.",
        ["built for cuDNN 8.9 and finds 8.6", "--cudnn 8"],
    ),
    "no cuDNN": ("RuntimeError: Unable to load cuDNN. Is it installed?", ["--cudnn 9"]),
    "ptxas and the GPU": (
        "ptxas does not support CC 8.9",
        ["Ada Lovelace", "CUDA 11.8 to 13.5 does", "--flavor devel"],
    ),
    "gpu-name": (
        "ptxas fatal   : Value 'sm_120' is not defined for option 'gpu-name'",
        ["12.0 (Blackwell", "CUDA 12.8 to 13.5", "which ptxas"],
    ),
    "a dropped GPU": (
        "nvcc fatal   : Unsupported gpu architecture 'compute_35'",
        ["Kepler", "CUDA 7.5 to 11.8", "use 11.8 --flavor devel"],
    ),
    "PTX and the driver": (
        "Unsupported .version 7.3; current version is '7.1'",
        ["by CUDA 11.3 or newer", "that of CUDA 11.1", "update the driver"],
    ),
    "PTX and ptxas": (
        "ptxas /tmp/a.ptx, line 9; fatal   : Unsupported .version 8.7; current version is '8.4'",
        ["for CUDA 12.8 or newer", "is of CUDA 12.4", "which ptxas"],
    ),
    "a dropped library": (
        "CMake Error at cuda.cmake:70 (message):\n  Failed to find nvToolsExt\n",
        ["12.9 has dropped", "use 12.8 --flavor devel", "match torch"],
    ),
    "no GPU": (
        "No CUDA runtime is found, using CUDA_HOME='/usr/local/cuda'",
        ["no driver is loaded, CUDA_VISIBLE_DEVICES", "conda cuda info"],
    ),
    "MIG": (
        'device >= 0 && device < num_gpus INTERNAL ASSERT FAILED at "/e/CUDAContext.cpp":49',
        ["CUDA_VISIBLE_DEVICES", "MIG"],
    ),
    "NVML": ("Failed to initialize NVML: Driver/library version mismatch", ["Restart"]),
    "NVML in a container": ("Failed to initialize NVML: Unknown Error", ["Start the container"]),
    "cuDNN's library": (f"ImportError: libcudnn.so.9: {NO_FILE}", ["libcudnn.so.9\n", "--cudnn 9"]),
    "another product": (f"ImportError: libnvinfer.so.8: {NO_FILE}", ["TensorRT"]),
    "which one is missing": (
        "FAIL : Failed to load library libonnxruntime_providers_cuda.so with error: "
        f"libcublasLt.so.11: {NO_FILE}",
        ["libcublasLt.so.11\n", "use 11.8"],
    ),
}
WINDOWS: dict[str, tuple[str, Sequence[str]]] = {
    "126": (
        "Could not load library cudnn_cnn_infer64_8.dll. Error code 126",
        ["Error 126", "zlibwapi.dll", "--cudnn 8"],
    ),
    "127": (
        "Could not load library cudnn_cnn_infer64_8.dll. Error code 127",
        ["Error 127", "another copy comes first on PATH"],
    ),
    "193": (
        '[WinError 193] %1 is not a valid Win32 application. Error loading "C:\\e\\cudart64_12.dll"',
        ["Error 193", "damaged or made for another processor"],
    ),
    "zlib": (
        "Could not locate zlibwapi.dll. Please make sure it is in your library path!",
        ["cuDNN needs it", "conda install -c conda-forge libzlib-wapi"],
    ),
    "a framework's own": (
        "OSError: [WinError 126] The specified module could not be found. Error loading "
        '"C:\\e\\lib\\site-packages\\torch\\lib\\shm.dll" or one of its dependencies.',
        ["shm.dll", "Error 126", "PyTorch", "vc14_runtime"],
    ),
    "1114": (
        "[WinError 1114] A dynamic link library (DLL) initialization routine failed. Error loading "
        '"C:\\e\\lib\\site-packages\\torch\\lib\\c10.dll" or one of its dependencies.',
        ["c10.dll", "Error 1114", "PyTorch", "vc14_runtime"],
    ),
    "the wrong name of two": (
        'Error loading "C:\\x\\p.dll" which depends on "cublasLt64_12.dll" which is missing.',
        ["cublaslt64_12.dll\n", "CUDA 12.0 to 12.9", "use 12.9"],
    ),
    "onnxruntime": (
        'LoadLibrary failed with error 126 "" when trying to load '
        '"C:\\e\\Lib\\site-packages\\onnxruntime\\capi\\onnxruntime_providers_cuda.dll"',
        ["CUDA 12 and cuDNN 9 from 1.19 on", "--cudnn 9"],
    ),
    "no cl.exe": (
        "nvcc fatal   : Cannot find compiler 'cl.exe' in PATH",
        ["x64 Native Tools", "vcvars64.bat", "vs2022_win-64"],
    ),
    "another cl.exe": (
        "fatal error C1189: #error:  -- unsupported Microsoft Visual Studio version! Only the "
        "versions between 2017 and 2019 (inclusive) are supported!",
        ["CUDA 12.4 to 12.9 takes 2017 to 2022", "Native Tools"],
    ),
    "linking": (
        "LINK : fatal error LNK1181: cannot open input file 'cudart.lib'",
        ["LIB=%CUDA_PATH%\\lib\\x64", "$Env:LIB", "--flavor devel"],
    ),
    "header": (
        "fatal error C1083: Cannot open include file: 'cuda_runtime.h': No such file or directory",
        ["INCLUDE=%CUDA_PATH%\\include", "$Env:INCLUDE", "--flavor devel"],
    ),
    "MSBuild": (
        "The CUDA Toolkit v12.4 directory '' does not exist. Please verify the CUDA Toolkit is "
        "installed properly or define the CudaToolkitDir property",
        ["CUDA_PATH_V12_4", "use 12.4 --flavor devel", "only NVIDIA's installer"],
    ),
    "no nvcc": (
        "'nvcc' is not recognized as an internal or external command,\n"
        "operable program or batch file.",
        ["nvcc\n", "--flavor devel"],
    ),
    "no nvcc, in Chinese": (
        "'nvcc' 不是内部或外部命令，也不是可运行的程序或批处理文件。",
        ["nvcc\n", "--flavor devel"],
    ),
    "in Chinese": (
        "OSError: [WinError 126] 找不到指定的模块。 Error loading "
        '"D:\\e\\Lib\\site-packages\\torch\\lib\\shm.dll" or one of its dependencies.',
        ["shm.dll", "Error 126", "PyTorch"],
    ),
    "CuPy": (
        "UserWarning: CUDA path could not be detected. Set CUDA_PATH environment variable if CuPy "
        "fails to load.",
        ["--flavor devel", "conda activate"],
    ),
    "TensorFlow": (
        "TensorFlow GPU support is not available on native Windows for TensorFlow >= 2.11",
        ["up to 2.10", "WSL", "match tensorflow==2.10"],
    ),
    "no name": (
        "ImportError: DLL load failed while importing _C: The specified module could not be found.",
        ["does not say", "--by"],
    ),
    "nvToolsExt": ("Failed to find nvToolsExt", ["use 11.8 --flavor devel"]),
    "in no language": (
        "由于找不到 cublas64_11.dll，无法继续执行代码。",
        ["cublas64_11.dll", "use 11.8"],
    ),
}
UNIX_WORDS = ("g++", "LD_LIBRARY_PATH", "export ", "ldconfig")


@pytest.fixture(scope="module")
def empty(module_conda: Conda, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """An environment without a toolkit."""
    folder = tmp_path_factory.mktemp("messages")
    mine = module_conda.create(module_conda.envs / "mine")
    return Bench(module_conda, Compiler(folder), folder, mine, mine)


def flat(text: str) -> str:
    """The words, since sentences are wrapped; the first line with its end."""
    first, _, rest = text.partition("\n")
    return f"{first}\n" + " ".join(rest.split())


@pytest.mark.parametrize("title", LINUX)
def test_linux(empty: Bench, title: str) -> None:
    message, expected = LINUX[title]
    result = empty.which(message, PATH="/usr/sbin", CONDA_OFFLINE="1")
    assert result.code in (0, 1) and result.err == "", result
    for words in expected:
        assert words in flat(result.out), result.out


@pytest.mark.parametrize("title", WINDOWS)
def test_windows(empty: Bench, title: str) -> None:
    message, expected = WINDOWS[title]
    result = empty.which(message, PATH="/usr/sbin", CONDA_OFFLINE="1", CONDA_SUBDIR="win-64")
    assert result.code in (0, 1) and result.err == "", result
    for words in expected:
        assert words in flat(result.out), result.out
    for words in UNIX_WORDS:
        assert words not in result.out
    assert ".so" not in result.out


def test_a_path_is_answered_as_that_path(empty: Bench) -> None:
    """And who leads to it, where that can be seen."""
    path = "/opt/cuda-9.0/nvvm/lib64/libnvvm.so"
    for text in (f"OSError: {path}: {NO_FILE}", path):
        answer = empty.ask(text, CUDA_HOME="/opt/cuda-9.0")
        assert (answer["found"], answer["path"], answer["asked_path"]) == (False, None, path)
        assert answer["named_by"] == ["CUDA_HOME"]
        assert answer["advice"].startswith(f"{path} does not exist; CUDA_HOME leads there.")
    answer = empty.ask(f"OSError: {path}: {NO_FILE}", CUDA_HOME="/opt/cuda-9.1")
    assert answer["named_by"] == [] and "Nothing in this shell leads there" in answer["advice"]
    answer = empty.ask("[Errno 2] No such file or directory: '/opt/cuda-9.0/bin/nvcc'")
    assert answer["advice"].startswith("/opt/cuda-9.0/bin/nvcc does not exist.")


def test_the_search_path_of_what_asks_leads_there(empty: Bench) -> None:
    asks = empty.library(
        empty.folder / "asks.so", "asks.so", options=["-Wl,-rpath,/opt/cuda-8.0/lib64"]
    )
    text = f"OSError: /opt/cuda-8.0/lib64/libcufft.so.8.0: {NO_FILE}"
    answer = empty.ask(text, "--by", asks)
    assert answer["named_by"] == [f"the search path of {asks}"]


def test_a_symbol_goes_the_way_of_what_asks(empty: Bench) -> None:
    """Without a version, the library is the one that it needs, where its search path leads."""
    nccl = empty.library(empty.folder / "old" / "libnccl.so.2", "libnccl.so.2")
    asks = empty.library(
        empty.folder / "a.so",
        "a.so",
        options=["-Wl,-rpath,$ORIGIN/old", "-x", "none", nccl],
    )
    answer = empty.ask(f"ImportError: {asks}: undefined symbol: ncclCommRegister")
    assert (answer["name"], answer["path"]) == ("libnccl.so.2", str(nccl))
    assert answer["advice"].startswith(f"{nccl} is found first and does not have ncclCommRegister")
    answer = empty.ask(f"AttributeError: {nccl}: undefined symbol: ncclCommRegister")
    assert answer["path"] == str(nccl) and "does not have ncclComm" in answer["advice"]


LOG = f"""\
[1/9] nvcc -c a.cu
UserWarning: No CUDA runtime is found, using CUDA_HOME='/usr/local/cuda'
\x1b[31mImportError: libcublas.so.11: {NO_FILE}\x1b[0m
Traceback (most recent call last):
OSError: libcufft.so.10: {NO_FILE}
WARNING: GPU will not be used.
AssertionError: Torch not compiled with CUDA enabled
"""


def test_a_log_is_answered_by_its_first_cause(empty: Bench) -> None:
    """From a file, from a pipe, with or without a dash; of UTF-16, too, as PowerShell writes it."""
    log = empty.folder / "build.log"
    text = "".join(LOG.splitlines(keepends=True)[2:])
    log.write_bytes(text.encode())
    result = empty.which(log)
    assert result.out.splitlines()[:2] == ["libcublas.so.11", "  in line     1"]
    assert "libcufft.so.10" in result.out and "Torch" not in result.out
    assert "\x1b" not in result.out
    for words in ([], ["-"]):
        assert empty.which(*words, stdin=text).out == result.out
    log.write_bytes(b"\xff\xfe" + text.encode("utf-16-le"))
    assert empty.which(log).out == result.out
    log.write_text("nothing of CUDA's\n")
    assert empty.which(log).code == 2
    foreign = empty.library(empty.folder / "libforeign.so.1", "libforeign.so.1")
    assert empty.which(foreign).out.startswith(f"{foreign}\n")


def test_what_follows_from_others_is_not_the_cause(empty: Bench) -> None:
    lines = LOG.splitlines()
    consequence, cause = lines[5], lines[6]
    result = empty.which("-", stdin=f"{consequence}\n\n{cause}\n")
    assert result.out.startswith("Torch not compiled with CUDA enabled\n  in line     3\n")
    assert "sees no GPU" not in result.out
    assert "sees no GPU" in flat(empty.which("-", stdin=consequence).out)


def test_what_the_toolkit_has_is_found_by_compilers(module_conda: Conda, tmp_path: Path) -> None:
    folder = tmp_path / "made"
    folder.mkdir()
    root = toolkit(Compiler(folder), tmp_path / "cuda-12.4", "12.4", "libcudart.so.12")
    (root / "include" / "cusparse.h").write_text("")
    (root / "lib64" / "libcudart_static.a").write_text("")
    mine = module_conda.create(module_conda.envs / "building")
    module_conda.cuda("use", mine, root, "--yes")
    bench = Bench(module_conda, Compiler(folder), tmp_path, mine, mine)
    answer = bench.ask("fatal error: cusparse.h: No such file or directory")
    assert answer["advice"] == f"Compilers find it with -I {mine}/cuda/include"
    answer = bench.ask("ld: cannot find -lcudart_static")
    assert answer["advice"] == f"Linkers find it with -L {mine}/cuda/lib64"
    out = flat(bench.which("OSError: CUDA_HOME environment variable is not set.").out)
    assert "CUDA 12.4 is current here and has it" in out and "conda cuda use" not in out


def test_which_dll_a_module_lacks(empty: Bench) -> None:
    lib = empty.mine / "Lib" / "site-packages" / "torch" / "lib"
    lib.mkdir(parents=True)
    needs = ("KERNEL32.dll", "c10.dll", "cublas64_12.dll", "cudnn64_9.dll")
    (lib / "torch_cuda.dll").write_bytes(made_dll(*needs))
    (lib / "c10.dll").write_bytes(made_dll("VCRUNTIME140.dll"))
    windows = {"CONDA_SUBDIR": "win-64"}
    text = f'[WinError 126] X. Error loading "{lib}/torch_cuda.dll" or one of its dependencies.'
    answer = empty.ask(text, **windows)
    assert answer["lacks"] == ["cublas64_12.dll", "cudnn64_9.dll"]
    assert answer["command"] == "conda cuda use 12.9 --cudnn 9 -n mine"
    answer = empty.ask("DLL load failed while importing _C", "--by", lib / "c10.dll", **windows)
    assert answer["lacks"] == ["VCRUNTIME140.dll"]
    assert answer["command"] == "conda install vc14_runtime -n mine"


def test_a_pipe_needs_no_dash(empty: Bench) -> None:
    done = subprocess.run(
        [empty.conda.exe, "cuda", "which", "-p", empty.mine],
        env=empty.conda.environ(),
        input=f"OSError: libcublas.so.77: {NO_FILE}".encode(),
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 1 and done.stdout.startswith(b"libcublas.so.77")
