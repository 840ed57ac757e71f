# One habit, one command.
PYTHON ?= python3
BASE := build/conda
VENV := build/venv
CONDA ?= $(CURDIR)/$(BASE)/bin/conda
export CONDA_UNDER_TEST ?= $(CONDA)

.PHONY: help base demo test fuzz bench lint format clean

help:
	@echo "make demo    two environments, two CUDA toolkits, one shell that switches between them"
	@echo "make test    everything that must hold   (CONDA_UNDER_TEST=/path/to/bin/conda for another conda)"
	@echo "make fuzz    100 000 inputs and more for the parsers, and a kill at every change of the file system"
	@echo "make bench   how fast and how small it is, as ratios   (ROWS=name for some of them)"
	@echo "make lint    ruff, mypy, shellcheck"
	@echo "make format  let ruff put the code in order"
	@echo "make base    assemble the throwaway conda in $(BASE); done by demo and test when needed"
	@echo "make clean   remove build/"

base:
	@$(PYTHON) tests/base/assemble.py $(BASE)

demo: base
	@PATH="$(CURDIR)/$(BASE)/bin:$$PATH" bash docs/demo/demo.sh

$(VENV)/.ready: tests/base/dev-requirements.txt
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python -m pip install -qq -r tests/base/dev-requirements.txt
	@touch $@

test: base $(VENV)/.ready
	@$(VENV)/bin/python -m pytest -n auto --dist loadfile $(ARGS)

fuzz: base $(VENV)/.ready
	@FUZZ_EXAMPLES=6000 KILL_MOMENTS=0 $(VENV)/bin/python -m pytest -n auto tests/fuzz tests/kill tests/shells/test_property.py $(ARGS)

bench: base $(VENV)/.ready
	@$(VENV)/bin/python -m benchmarks.bench $(ROWS)

lint: base $(VENV)/.ready
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check --quiet . || (echo "make format puts this in order"; false)
	@$(VENV)/bin/mypy --python-executable $(BASE)/bin/python
	@$(VENV)/bin/shellcheck .ci/run docs/demo/*.sh tests/base/shell/etc/profile.d/conda.sh
	@$(VENV)/bin/shellcheck --shell=sh --exclude=SC1007 activate.d/*.sh deactivate.d/*.sh

format: $(VENV)/.ready
	@$(VENV)/bin/ruff format --quiet .
	@$(VENV)/bin/ruff check --fix --quiet .

clean:
	@rm -rf build
