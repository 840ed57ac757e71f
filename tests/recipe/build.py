"""Build what is released, and install it as its users do.

FOLDER/channel          the conda package, beside all that it needs
FOLDER/dist             the wheel and the sdist
FOLDER/package          a base that conda has installed the package into
FOLDER/wheel, sdist     bases that pip has installed those into

Nothing outside of the folder is written but pip's cache. Each base has its bin/conda, for CONDA_UNDER_TEST.

usage: python -m tests.recipe.build BASE FOLDER, with BASE as tests/base/assemble.py makes it
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent


class Build:
    """One build.

    Args:
        base: a base with conda and what the project needs.
        folder: where everything goes.
    """

    def __init__(self, base: Path, folder: Path) -> None:
        self.base, self.folder = base, folder
        self.channel, self.dist, self.pkgs = folder / "channel", folder / "dist", folder / "pkgs"

    def run(self, *words: str | Path) -> None:
        """Run a command of the build; stop with its output when it fails."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("CONDA", "PYTHON"))}
        done = subprocess.run(
            [str(word) for word in words],
            env={**kept, "CONDA_PKGS_DIRS": str(self.pkgs)},
            cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        if done.returncode:
            sys.exit(f"{done.stdout}\nfailed: {' '.join(map(str, words))}")

    def make_channel(self) -> None:
        """The local channel, without the project."""
        python = self.base / "bin" / "python"
        self.run(python, "-m", "tests.recipe.channel", self.base, self.channel)

    def make_package(self) -> None:
        """Build the recipe and run its tests, by rattler-build; the package joins the channel."""
        from rattler_build import RattlerBuildError, Stage0Recipe, ToolConfiguration
        from rattler_build.progress import LogEvent

        lines: list[str] = []

        class Log:
            def __getattr__(self, name: str) -> object:
                return lambda event: lines.append(getattr(event, "message", ""))

            def on_log(self, event: LogEvent) -> None:
                lines.append(event.message)

        os.environ["RATTLER_CACHE_DIR"] = str(self.folder / "cache")
        recipe = Stage0Recipe.from_file(PROJECT / "recipe" / "recipe.yaml")
        try:
            recipe.run_build(
                tool_config=ToolConfiguration(test_strategy="native"),
                output_dir=self.channel,
                channels=[self.channel.as_uri()],
                progress_callback=Log(),
            )
        except RattlerBuildError as error:
            sys.exit("\n".join([*lines, str(error)]))
        for name in ("bld", "broken", "src_cache", "test"):
            shutil.rmtree(self.channel / name, ignore_errors=True)

    def make_archives(self) -> None:
        """The sdist, the wheel that comes of it, and beside it the wheel that the tree makes."""
        python = sys.executable
        self.run(python, "-m", "build", "--outdir", self.dist, PROJECT)
        self.run(python, "-m", "build", "--wheel", "--outdir", self.dist / "from-tree", PROJECT)

    def make_base(self, name: str, *specs: str) -> Path:
        """A base made of the channel's packages by conda."""
        prefix = self.folder / name
        conda = self.base / "bin" / "conda"
        self.conda(conda, "create", prefix, "conda", *specs)
        # What an installer leaves besides packages.
        for folder in ("envs", "pkgs"):
            (prefix / folder).mkdir(exist_ok=True)
        (prefix / "pkgs" / "urls.txt").touch()
        return prefix

    def conda(self, conda: Path, verb: str, prefix: Path, *specs: str) -> None:
        """Run conda on the channel alone."""
        where = ("-p", prefix, "--override-channels", "-c", self.channel.as_uri())
        self.run(conda, verb, *where, "--yes", "--quiet", *specs)

    def install(self) -> None:
        """The three bases."""
        package = self.make_base("package")
        self.conda(package / "bin" / "conda", "install", package, "conda-cuda")
        (wheel,) = self.dist.glob("*.whl")
        (sdist,) = self.dist.glob("*.tar.gz")
        pip = ("-m", "pip", "install", "-q", "--no-index", "--no-build-isolation")
        self.run(self.make_base("wheel") / "bin" / "python", *pip, wheel)
        self.run(self.make_base("sdist", "hatchling") / "bin" / "python", *pip, sdist)
        for name in ("package", "wheel", "sdist"):
            # Tests run conda a thousand times, and let Python write no bytecode.
            python = self.folder / name / "bin" / "python"
            (lib,) = (self.folder / name / "lib").glob("python3.*")
            self.run(python, "-m", "compileall", "-q", lib / "site-packages" / "conda")


def main() -> None:
    """Build everything anew."""
    base, folder = (Path(word).resolve() for word in sys.argv[1:])
    if folder.exists():
        shutil.rmtree(folder)
    build = Build(base, folder)
    build.pkgs.mkdir(parents=True)
    (build.pkgs / "urls.txt").touch()
    for step in (build.make_channel, build.make_package, build.make_archives, build.install):
        start = time.monotonic()
        step()
        print(f"{step.__name__}: {time.monotonic() - start:.0f} s", file=sys.stderr)
    print(f"Built and installed in {os.path.relpath(folder)}.", file=sys.stderr)


if __name__ == "__main__":
    main()
