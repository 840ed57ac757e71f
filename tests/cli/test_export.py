"""`conda cuda export` and `apply` with toolkits made of wheels: exact copies, and nothing else."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

from conda_cuda_plugin.lockfile.cuda_file import digest_of
from conda_cuda_plugin.system.yaml_text import load

from ..conftest import Conda
from ..listing import listing, records
from ..sources.wheelhouse import only_index, write_index, write_releases
from .cuda_files import export, with_empty_cache, without_log


class TestExport:
    """What is written."""

    def test_it_prints_the_request_and_the_exact_packages(
        self, conda: Conda, two: Path, wheelhouse: Path
    ) -> None:
        result = conda.cuda("export", two)
        content = load(result.out)
        (wheel,) = wheelhouse.glob("nvidia_cuda_runtime_cu12-*")
        assert content["request"] == {"version": "12.4", "source": "pypi", "flavor": "base"}
        (toolkit,) = content["toolkits"]
        assert toolkit["packages"] == [
            {
                "name": "nvidia-cuda-runtime-cu12",
                "version": "12.4.127",
                "build": "wheel_0",
                "url": wheel.as_uri(),
                "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
            }
        ]
        assert content["digest"] == digest_of(content)
        sentence = "A folder of this machine holds the files of nvidia-cuda-runtime-cu12, "
        assert result.err.startswith(f"not promised: {sentence}")
        assert content["not-promised"][0].startswith(sentence)
        document = conda.cuda("export", two, "--json").json
        assert document["content"]["digest"] == content["digest"]

    def test_all_toolkits(self, conda: Conda, two: Path) -> None:
        content = load(conda.cuda("export", two, "--all").out)
        assert [row["version"] for row in content["toolkits"]] == ["13.0.2", "12.4.1"]
        assert content["current"] == "12.4"

    def test_a_file_that_is_there_keeps_what_a_person_wrote(self, conda: Conda, two: Path) -> None:
        path = export(conda, two)
        text = path.read_text()
        mine = "# ours, since May\n" + text.replace(
            "  flavor: base\n", "  flavor:   'base'  # small\n\n"
        ).replace("  - name: ", "  # the runtime\n  - name: ")
        path.write_text(mine)
        path.chmod(0o600)
        assert conda.cuda("export", two, "-f", path).out.endswith("has already.\n")
        assert path.read_text() == mine

        conda.cuda("use", two, "13.0")
        conda.cuda("export", two, "-f", path)
        after = path.read_text()
        assert after.startswith("# ours, since May\n")
        assert "\n\n" in after and "current: '13.0'" in after
        assert path.stat().st_mode & 0o777 == 0o600
        conda.cuda("apply", two, path, "-y")

    def test_a_file_of_somebody_else_stays_untouched(self, conda: Conda, two: Path) -> None:
        path = two.parent / "environment.yml"
        path.write_text("name: two\n")
        result = conda.cuda("export", two, "-f", path, check=False)
        assert result.code == 1 and "is not a file of conda cuda export" in result.err
        assert path.read_text() == "name: two\n"

    def test_nothing_to_export(self, conda: Conda, two: Path, environment: Path) -> None:
        result = conda.cuda("export", environment, check=False)
        assert result.code == 1
        assert "No toolkit is installed in this environment, so there is nothing" in result.err
        conda.cuda("off", two)
        result = conda.cuda("export", two, check=False)
        assert result.code == 1 and "conda cuda export --all exports" in result.err

    def test_it_knows_the_files_after_the_cache_is_gone(
        self, conda: Conda, two: Path, tmp_path: Path
    ) -> None:
        """As in an environment that was moved to another machine."""
        before = conda.cuda("export", two).out
        with_empty_cache(conda, tmp_path)
        moved = two.rename(two.parent / "moved")
        assert load(conda.cuda("export", moved).out) == load(before)

    def test_credentials_are_not_written_down(
        self, conda: Conda, tmp_path: Path, environment: Path
    ) -> None:
        from ..sources.web import serve

        wheels = write_releases(tmp_path / "wheels", "12.4.1")
        with serve(wheels, "me", "secret") as address:
            write_index(tmp_path / "index", wheels)
            pages = wheels / "simple"
            shutil.copytree(tmp_path / "index", pages)
            for page in pages.rglob("index.html"):
                page.write_text(page.read_text().replace(wheels.as_uri(), address))
            conda.variables.update(only_index(f"{address}/simple".replace("//", "//me:secret@")))
            with_empty_cache(conda, tmp_path)
            conda.cuda("use", environment, "12.4", "--from=pypi", "--flavor=base", "-y")
            text = conda.cuda("export", environment).out
        assert "secret" not in text and f"url: {address}/nvidia_cuda_runtime" in text
        assert "secret" not in (environment / "cuda" / "made-of.json").read_text()


class TestApply:
    """What is reproduced."""

    def test_the_same_files_after_export_remove_apply(self, conda: Conda, two: Path) -> None:
        path, before = export(conda, two, "--all"), {**listing(two), **records(two)}
        conda.cuda("remove", two, "--all", "-y")
        conda.cuda("apply", two, path, "-y")
        assert without_log({**listing(two), **records(two)}) == without_log(before)
        assert load(conda.cuda("export", two, "--all").out) == load(path.read_text())

    def test_the_same_files_from_an_empty_cache_in_another_environment(
        self, conda: Conda, two: Path, tmp_path: Path
    ) -> None:
        path, before = export(conda, two, "--all"), listing(two)
        cache = with_empty_cache(conda, tmp_path)
        other = conda.create(conda.envs / "other")
        conda.cuda("apply", other, path, "-y")
        after = listing(other)
        assert set(after) == set(before)
        differ = {name for name in before if before[name] != after[name]}
        # conda's own records name the package cache, and the time.
        assert {Path(name).parent.name for name in differ} == {"conda-meta"}
        for name in sorted(differ):
            if name.endswith(".json"):
                one, two_ = (json.loads((env / name).read_text()) for env in (two, other))
                assert {key for key in one if one[key] != two_.get(key)} == {
                    *("channel", "url", "link"),
                    *("extracted_package_dir", "package_tarball_full_path"),
                }
                assert two_["url"].startswith(cache.as_uri())
        assert load(conda.cuda("export", other, "--all").out) == load(path.read_text())

    def test_nothing_is_done_where_all_is_there(self, conda: Conda, two: Path) -> None:
        path, before = export(conda, two, "--all"), listing(two)
        result = conda.cuda("apply", two, path)
        assert result.out == "two has exactly what two.yaml says already.\n"
        assert conda.cuda("apply", two, path, "--json").json["changed"] is False
        assert listing(two) == before

    def test_only_the_switch_where_the_packages_are_there(self, conda: Conda, two: Path) -> None:
        path = export(conda, two)
        conda.cuda("use", two, "13.0")
        document = conda.cuda("apply", two, path, "--json", "-y").json
        assert document["plan"]["install"] == [] and document["changed"]
        assert os.readlink(two / "cuda") == "cuda-12.4"

    def test_it_edits_nothing_else(self, conda: Conda, two: Path) -> None:
        path = export(conda, two)
        other = conda.create(conda.envs / "other")
        for name in (
            "bin/mine",
            "lib/libmine.so",
            "conda-meta/pinned",
            "etc/conda/activate.d/a.sh",
        ):
            (other / name).parent.mkdir(parents=True, exist_ok=True)
            (other / name).write_text(f"{name}\n")
        before = listing(other)
        conda.cuda("apply", other, path, "-y")
        conda.cuda("remove", other, "--all", "-y")
        after = listing(other)
        assert {name: after.get(name) for name in before} == before
        assert all(name.startswith("etc/") for name in set(after) - set(before))

    def test_another_build_of_the_release_gives_way(self, conda: Conda, two: Path) -> None:
        path = export(conda, two)
        other = conda.create(conda.envs / "other")
        conda.cuda("use", other, "12.4", "--from=pypi", "--flavor=runtime", "-y")
        document = conda.cuda("apply", other, path, "-y", "--json").json
        assert document["plan"]["install"][0]["replaces"] == "12.4.1"
        assert not (other / "cuda" / "lib64" / "libcublas.so.12").exists()
        assert load(conda.cuda("export", other).out) == load(path.read_text())

    def test_a_dry_run_changes_nothing(self, conda: Conda, two: Path, environment: Path) -> None:
        path, before = export(conda, two), listing(environment)
        result = conda.cuda("apply", environment, path, "--dry-run", check=False)
        assert "installs  CUDA 12.4.1 (base), origin pypi" in result.out
        document = conda.cuda("apply", environment, path, "--dry-run", "--json").json
        assert document["dry_run"] and document["plan"]["install"][0]["packages"][0]["cached"]
        assert listing(environment) == before

    def test_the_pin_comes_along(self, conda: Conda, two: Path, environment: Path) -> None:
        conda.cuda("use", two, "12.4", "--pin")
        path = export(conda, two)
        assert load(path.read_text())["request"]["pin"] == "true"
        conda.cuda("apply", environment, path, "-y")
        pinned = "conda-meta/pinned"
        assert (environment / pinned).read_bytes() == (two / pinned).read_bytes()
        assert "already" in conda.cuda("apply", environment, path).out
