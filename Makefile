# One target a task. Needs only Python 3.11 or newer, make, and the package registries; no root, no Docker, no Java.

.DEFAULT_GOAL := help

CANDIDATES := python3 python3.14 python3.13 python3.12 python3.11 python
PYTHON ?= $(shell for name in $(CANDIDATES); do "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v "$$name" && break; done)
ARGS ?=
QUICK ?=
MODE ?=
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PYTEST := $(BIN)/python -m pytest

.PHONY: help demo test acceptance bench drill lint format types imports docs clean

help:  ## show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

demo: $(VENV)/.runtime  ## replay Beijing's February 2014 and a simulated fleet (ARGS=--exit: end by itself)
	$(BIN)/ecovigil demo $(ARGS)

test: lint types imports  ## lint, types, imports and all tests but the long ones (ARGS goes to pytest)
	$(PYTEST) -m "not acceptance" $(ARGS)

acceptance: $(VENV)/.dev  ## whole replays, official data, drills, real Kafka and Mosquitto (ARGS goes to pytest)
	$(PYTEST) -m acceptance --durations=0 --durations-min=1 $(ARGS)

bench: $(VENV)/.bench  ## speed on Mosquitto, Apache Kafka and PostgreSQL (QUICK=1: shortened; MODE="chain ingest"; ARGS)
	$(BIN)/ecovigil bench $(MODE) $(if $(QUICK),--quick) --results benchmarks/results $(ARGS)

drill: $(VENV)/.dev  ## every fault on Apache Kafka, Mosquitto and PostgreSQL; ends with a table (ARGS=--help says more)
	$(BIN)/python -m tests.drills $(ARGS)

lint: $(VENV)/.dev  ## ruff: rules and layout
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.dev  ## let ruff rewrite the layout
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.dev  ## mypy, strict
	$(BIN)/mypy

imports: $(VENV)/.dev  ## who may import whom
	$(BIN)/lint-imports

docs: $(VENV)/.dev  ## write the JSON Schemas and docs/reference anew
	$(BIN)/python -m schemas.json_schema
	$(BIN)/python -m ecovigil.reference

clean:  ## remove the environment and everything built
	rm -rf $(VENV) .cache dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "EcoVigil needs Python 3.11 or newer; none found among: $(CANDIDATES). Name one: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than Python 3.11. Name a newer one: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' || { echo "$(PYTHON) cannot build environments; on Debian and Ubuntu install python3-venv" >&2; exit 1; }
	@echo "building $(VENV) with $(PYTHON); the first time takes a minute or two"
	@"$(PYTHON)" -m venv $(VENV)
	@$(PIP) install --upgrade "pip>=25.1"

# what is never imported need not be compiled: the first installation takes a quarter less time. What is, is compiled
# here once: where PYTHONDONTWRITEBYTECODE is set each of our processes would do it again, for two seconds
$(VENV)/.runtime: pyproject.toml | $(VENV)/bin/python
	@$(PIP) install --no-compile --editable .
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/ecovigil --help >/dev/null
	@touch $@

$(VENV)/.dev: pyproject.toml $(VENV)/.runtime
	@$(PIP) install --no-compile --group dev
	@touch $@

# what the loop tuned by hand needs, and nothing of ours
$(VENV)/.bench: pyproject.toml $(VENV)/.runtime
	@$(PIP) install --no-compile --group bench
	@touch $@
