# One habit, one command.
PYTHON ?= python3
BASE := build/conda
NEWEST := build/conda-newest
VENV := build/venv
CONDA ?= $(CURDIR)/$(BASE)/bin/conda
# One more than processors, since some tests wait. A file stays with one worker, in the order of
# tests/conftest.py.
WORKERS ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))
PARALLEL := -n $(WORKERS) --dist loadfile --no-loadscope-reorder
export CONDA_UNDER_TEST ?= $(CONDA)

# The tests that install from every source, write packages and read them.
INSTALLING := tests/base/test_newest.py tests/house/test_dependencies.py tests/test_plugin.py \
	tests/sources/test_pypi.py tests/convert/test_convert.py tests/sources/redist/test_contents.py \
	tests/cli/mirror/test_other_side.py tests/cli/test_apply_alone.py \
	tests/channel/test_split_releases.py tests/lockfile/test_environment_file.py \
	tests/lockfile/test_environment_format.py

.PHONY: help base base-newest demo test test-newest coverage fuzz bench profile screens docs recipe data hooks lint pre-commit format house way clean

help:
	@echo "make demo         two environments, two CUDA toolkits, one shell that switches between them"
	@echo "make test         everything that must hold   (CONDA_UNDER_TEST=/path/to/bin/conda for another conda)"
	@echo "make test-newest  what installs, on the packages that the newest conda stands on"
	@echo "make coverage     which lines and branches of the package the tests run   (ARGS=tests/doctor for some)"
	@echo "make fuzz         100 000 inputs and more for the parsers, 20 000 planted things for the commands, a kill"
	@echo "                  at every change of the file system, and a plan for every row of the real channels"
	@echo "make bench        how fast and how small it is, as ratios   (ROWS=name for some of them)"
	@echo "make profile      what a row is made of, line by line   (ROWS=name)"
	@echo "make screens      write what every verb shows to tests/cli/screens, to be looked at"
	@echo "make recipe       the conda package, the wheel and the sdist: built, installed, used"
	@echo "make data         read NVIDIA's releases anew from the package index   (WRITE=1 to keep what is new)"
	@echo "make docs         the documentation as a site in build/site"
	@echo "make hooks        write the hooks to build/hooks as an environment gets them"
	@echo "make lint         ruff, mypy, shellcheck"
	@echo "make pre-commit   the same at every commit in this clone"
	@echo "make format       let ruff put the code in order"
	@echo "make house        rooms, floors, files and lines of the package   (REF=main~5 to compare with a commit)"
	@echo "make way          how often the code changes files on the way of one request   (ARGS=--list for each stay)"
	@echo "make base         assemble the throwaway conda in $(BASE); done by demo and test when needed"
	@echo "make base-newest  another in $(NEWEST), on the packages of conda 26.7; the plugin is its wheel"
	@echo "make clean        remove build/"

base:
	@$(PYTHON) tests/base/assemble.py $(BASE)

base-newest:
	@$(PYTHON) tests/base/assemble.py $(NEWEST) newest-requirements.txt

demo: base
	@PATH="$(CURDIR)/$(BASE)/bin:$$PATH" bash docs/demo/demo.sh

$(VENV)/.ready: tests/base/dev-requirements.txt
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python -m pip install -qq -r tests/base/dev-requirements.txt
	@touch $@

test: base $(VENV)/.ready
	@$(VENV)/bin/python -m pytest $(PARALLEL) $(ARGS)

test-newest: base-newest $(VENV)/.ready
	@CONDA_UNDER_TEST=$(CURDIR)/$(NEWEST)/bin/conda $(VENV)/bin/python -m pytest -q $(PARALLEL) $(INSTALLING) $(ARGS)

coverage: base $(VENV)/.ready
	@$(VENV)/bin/python -m maintenance.coverage $(BASE) $(ARGS)

fuzz: base $(VENV)/.ready
	@FUZZ_EXAMPLES=6000 KILL_MOMENTS=0 $(VENV)/bin/python -m pytest -n auto tests/fuzz tests/kill \
		tests/shells/test_property.py tests/shells/test_direct.py tests/shells/test_conda.py \
		tests/real_channels/test_plans.py $(ARGS)

bench: base $(VENV)/.ready
	@$(VENV)/bin/python -m benchmarks.bench $(ROWS)

profile: base $(VENV)/.ready
	@$(VENV)/bin/python -m benchmarks.profile $(ROWS)

screens: base $(VENV)/.ready
	@$(VENV)/bin/python -m tests.cli.golden

# Afterwards: make test CONDA_UNDER_TEST=$$PWD/build/recipe/package/bin/conda
recipe: base $(VENV)/.ready
	@$(VENV)/bin/python -m tests.recipe.build $(BASE) build/recipe
	@RECIPE_BUILT=build/recipe $(VENV)/bin/python -m pytest -q tests/recipe $(ARGS)
	@CONDA_UNDER_TEST=build/recipe/package/bin/conda $(VENV)/bin/python -m pytest -q tests/test_plugin.py tests/hooks $(ARGS)

data: base
	@$(BASE)/bin/python -m maintenance.refresh $(if $(WRITE),--write) $(ARGS)

build/docs-venv/.ready: docs/requirements.txt
	@$(PYTHON) -m venv build/docs-venv
	@build/docs-venv/bin/python -m pip install -qq -r docs/requirements.txt
	@touch $@

docs: build/docs-venv/.ready
	@NO_MKDOCS_2_WARNING=1 build/docs-venv/bin/mkdocs build --strict
	@$(PYTHON) tests/docs/site.py build/site

hooks: base
	@$(BASE)/bin/python -c "from conda_cuda_plugin.hooks import write; \
		[write('$(CURDIR)/build/hooks', windows=w) for w in (False, True)]"

lint: hooks $(VENV)/.ready
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check --quiet . || (echo "make format puts this in order"; false)
	@$(VENV)/bin/mypy --python-executable $(BASE)/bin/python
	@$(VENV)/bin/shellcheck .ci/run docs/demo/*.sh tests/base/shell/etc/profile.d/conda.sh
	@$(VENV)/bin/shellcheck --shell=sh --exclude=SC1007 build/hooks/etc/conda/*/*.sh

pre-commit: base $(VENV)/.ready
	@$(VENV)/bin/pre-commit install

format: $(VENV)/.ready
	@$(VENV)/bin/ruff format --quiet .
	@$(VENV)/bin/ruff check --fix --quiet .

house:
	@$(PYTHON) -m maintenance.house $(REF)

way: base $(VENV)/.ready
	@$(VENV)/bin/python -m maintenance.way $(BASE) $(ARGS)

clean:
	@rm -rf build
