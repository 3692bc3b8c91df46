# Needs Python 3.11 or newer and a package index; `make setup` brings everything else.
# PYTHON=/path/to/python3 chooses another interpreter.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup demo demo-check run test test-long check bench bench-quick lock

BIN := .venv/bin
# There once everything is installed; older than the lock when it must be done again.
STAMP := .venv/installed
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check
RECENT := import sys; sys.exit(sys.version_info < (3, 11))

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: $(STAMP) ## Make .venv from the hashed lock

$(STAMP): requirements-dev.lock
	@$(BIN)/python -c '$(RECENT)' 2>/dev/null || { \
		for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
			"$$python" -c '$(RECENT)' 2>/dev/null && break; python=; \
		done; \
		if [ -z "$$python" ]; then \
			echo "Python 3.11 or newer is needed. Install it, or name one: make PYTHON=/path/to/python3" >&2; exit 1; \
		fi; \
		echo "setup: making .venv with $$python ..."; \
		"$$python" -m venv --clear .venv || { \
			echo "It cannot make a virtual environment (Debian, Ubuntu: apt-get install python3-venv)." >&2; exit 1; }; }
	@echo "setup: installing $$(grep -c '==' requirements-dev.lock) packages, each checked against its hash ..."
	@$(INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@
	@echo "setup: done"

demo: $(STAMP) ## See it run: servers, simulator, every process and a company of 600
	@$(BIN)/python -m demo up --with-parent

demo-check: $(STAMP) ## Bring the demo up, see that the company is in step, stop
	@$(BIN)/python -m demo check --with-parent

run: $(STAMP) ## The same without the simulator: a real suite's settings from .env
	@$(BIN)/python -m demo run --with-parent

# Tests wait for servers and processes more than for a core: a few more than there are.
TESTERS := $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2) + 3 )))
# In the order of tests/support/sharing.py, not by how many tests a file has.
# Whoever wants no bytecode beside the sources has each of some hundred processes that
# tests start compile a thousand files; in a clone, it lies where git does not look.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(TESTERS) --dist loadfile --no-loadscope-reorder

test: $(STAMP) ## Run every test, page tests included
	@$(PYTEST)

test-long: $(STAMP) ## The same with every law tried twenty times as long: for a night
	@LONG_TESTS=1 $(PYTEST) --timeout 14400

check: $(STAMP) ## Formatting, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

BENCH := .venv/benchmarks-installed

bench: $(BENCH) ## Measure every budget and print the table (a quarter of an hour)
	@$(BIN)/python -m benchmarks whole

bench-quick: $(STAMP) ## Compare the ratios with benchmarks/baseline.json (about a minute)
	@$(BIN)/python -m benchmarks quick

$(BENCH): requirements-bench.lock $(STAMP)
	@$(INSTALL) --require-hashes -r requirements-bench.lock
	@touch $@

COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --no-header

lock: $(STAMP) ## Lock what pyproject.toml asks for (UPGRADE=--upgrade: the newest)
	$(INSTALL) --quiet 'uv>=0.9'
	$(COMPILE) $(UPGRADE) --extra embedded --extra otel pyproject.toml -o requirements.lock
	$(COMPILE) $(UPGRADE) --extra embedded --extra otel --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	$(COMPILE) $(UPGRADE) --extra embedded --extra otel --extra dev --extra bench -c requirements-dev.lock pyproject.toml -o requirements-bench.lock
	@! grep -nE '://|@ file' requirements.lock requirements-dev.lock requirements-bench.lock
