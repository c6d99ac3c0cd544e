# The only door: make lab, make app, make test. Needs Python 3.11 or newer, make and git; sets up .venv by itself.
# Paths are relative, so the folder may stand anywhere, also where names have spaces.

VENV := .venv
PY := $(VENV)/bin/python
PYTHON ?=
LAB_ARGS ?=
APP_ARGS ?=
TEST_ARGS ?= -n 2 --dist worksteal

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help lab app test lint docs fuzz walk bench clean FORCE

# Nothing of the caller's own Python reaches into the environment.
unexport PYTHONPATH
unexport PYTHONHOME
unexport PYTHONDONTWRITEBYTECODE
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_USER := 0

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' Makefile

lab: $(VENV)/installed-lab ## set up, then open the notebooks in JupyterLab (LAB_ARGS="--no-browser" and the like)
	$(PY) -m jupyterlab notebooks $(if $(filter 0,$(shell id -u)),--allow-root) $(LAB_ARGS)

app: $(VENV)/installed-lab ## set up, then serve the notebooks as pages without code (APP_ARGS="my.xlsx --no-browser")
	$(PY) -m simkaohe app $(APP_ARGS)

test: lint ## set up, then lint, check types and run every test (TEST_ARGS="-k panel" for some)
	$(PY) -m pytest $(TEST_ARGS)

lint: $(VENV)/installed-test ## set up, then ruff and mypy
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

docs: $(VENV)/installed-docs ## set up, then build the documentation into docs/_build/html
	$(PY) -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

fuzz: $(VENV)/installed-test ## set up, then read 20,000 damaged workbooks (SIMKAOHE_FUZZ=… for more)
	SIMKAOHE_FUZZ=$${SIMKAOHE_FUZZ:-20000} $(PY) -m pytest tests/test_workbook_fuzz.py

walk: $(VENV)/installed-test ## set up, then move every control of every drawer in Chromium (half an hour)
	SIMKAOHE_WALK=1 $(PY) -m pytest tests/test_every_control.py $(TEST_ARGS)

bench: $(VENV)/installed-bench ## set up, then print how fast the engine is beside other ways
	@set -e; for each in benchmarks/*.py; do echo "$(PY) $$each"; $(PY) "$$each"; done

clean: ## remove the environment and everything that was generated
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis docs/_build docs/api docs/formulas
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find . -name .ipynb_checkpoints -type d -prune -exec rm -rf {} +

$(VENV)/installed-lab: EXTRAS :=
$(VENV)/installed-test: EXTRAS := [test]
$(VENV)/installed-docs: EXTRAS := [docs]
$(VENV)/installed-bench: EXTRAS := [bench]
$(VENV)/installed-%: $(VENV)/place pyproject.toml
	@echo "Installing into $(VENV) (the first time takes a minute or two)"
	@$(PY) -m pip install --quiet --editable ".$(EXTRAS)"
	@touch $@

# An environment knows the folder that it was made in, so a moved or copied folder gets a new one,
# and so does one whose Python has gone. Found: the first Python that runs, is new enough and can
# make an environment (a pyenv shim may exist and not run; Debian packages venv apart).
$(VENV)/place: FORCE
	@if [ "$$(cat $@ 2>/dev/null)" = "$$(pwd -P)" ] && $(PY) -c '' 2>/dev/null; then exit 0; fi; \
	set -- python3.13 python3.12 python3.11 python3 python; \
	[ -z "$(PYTHON)" ] || set -- "$(PYTHON)"; \
	asked="$$*"; found=; old=; \
	for each; do \
	    "$$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue; \
	    old=$$each; \
	    "$$each" -c 'import ensurepip, venv' >/dev/null 2>&1 || continue; \
	    found=$$each; break; \
	done; \
	if [ -z "$$old" ]; then \
	    echo "simkaohe needs Python 3.11 or newer, and none of these is one: $$asked; install it, or name it: make PYTHON=/path/to/python3" >&2; exit 1; \
	elif [ -z "$$found" ]; then \
	    echo "$$old cannot make virtual environments; on Debian or Ubuntu run: sudo apt-get install python3-venv" >&2; exit 1; \
	fi; \
	echo "Making $(VENV) with $$found"; \
	"$$found" -m venv --clear $(VENV) && pwd -P > $@
