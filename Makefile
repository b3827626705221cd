# crm_sync: `make` alone lists the targets.
# Set-up needs Python 3.11 or newer, git and make; it is repeated only when the lock file changes.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STATE  ?= .crm_sync

.DEFAULT_GOAL := help
.PHONY: help demo test year cover mutate test-faults test-clients test-browser check lint types layers format bench docs lock clean

help:  ## List these targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("crm_sync needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Run: make PYTHON=/path/to/python3.11") if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

demo: $(VENV)/installed  ## Set up, start the local org, load the sample records, and run the whole job once
	@$(BIN)/crm-sync demo

test: $(VENV)/installed  ## Set up, then every check and test that needs Python only (under 10 minutes)
	@$(MAKE) --no-print-directory lint layers types cover
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(JUDGING:%=--ignore=%)

# The tests of what decides: they alone have to take every branch of it.
JUDGING := tests/unit/evaluate tests/unit/program tests/properties/test_judged_apart.py

BRANCHES := 100

cover: $(VENV)/installed  ## Test what decides (crm_sync/evaluate, crm_sync/program): which branches of it are taken, and fail below BRANCHES percent
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(JUDGING) --cov=crm_sync.evaluate --cov=crm_sync.program --cov-branch \
		--cov-report=term-missing:skip-covered --cov-fail-under=$(BRANCHES)

test-faults: $(VENV)/installed  ## Let every fault happen at every call of a whole run
	@$(BIN)/python -m pytest -n 2 -m all_faults tests/faults tests/end_to_end/test_interrupted.py

CLIENT_LOCKS := $(wildcard tests/clients/node/*.json tests/clients/node/*.txt tests/clients/python/*.lock)

year: $(VENV)/installed  ## Live a year of the sample org with random people, audited by its journal (an hour or more)
	@$(BIN)/python -m tests.year $(YEAR)

.clients/installed: tests/clients/install.py $(CLIENT_LOCKS) | $(VENV)/installed
	@$(BIN)/python tests/clients/install.py

test-clients: $(VENV)/installed .clients/installed  ## Hold the local org to real clients: simple-salesforce, jsforce, sf, extract-load tools, an ORM
	@$(BIN)/python -m pytest -m clients -n 2 --dist loadfile --no-loadscope-reorder tests/clients

$(VENV)/browser: requirements-browser.lock | $(VENV)/installed
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-browser.lock
	@$(BIN)/python -m tests.browser.chromium
	@touch $@

test-browser: $(VENV)/installed $(VENV)/browser  ## Open the report in a real Chromium: errors, requests, accessibility, print
	@$(BIN)/python -m pytest -m browser tests/browser

mutate: $(VENV)/installed  ## Change the code that judges, one operator or number at a time: every mutant has to be noticed (hours)
	@$(BIN)/python -m tests.mutation.code $(MODULES)

check: $(VENV)/installed  ## Check rules/ and mappings/: everything wrong at once, with file and line
	@$(BIN)/crm-sync check

lint: $(VENV)/installed  ## Style: ruff
	@$(BIN)/ruff check -q . && $(BIN)/ruff format -q --check .

types: $(VENV)/installed  ## Types: mypy --strict
	@$(BIN)/mypy

layers: $(VENV)/installed  ## Imports point downwards: import-linter
	@$(BIN)/lint-imports --no-cache > .import-linter.out || (cat .import-linter.out; exit 1)
	@rm -f .import-linter.out

format: $(VENV)/installed  ## Format the code
	@$(BIN)/ruff format -q . && $(BIN)/ruff check -q --fix .

$(VENV)/bench: requirements-bench.lock | $(VENV)/installed
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-bench.lock
	@touch $@

bench: $(VENV)/installed $(VENV)/bench  ## Run every benchmark, ours beside its peers
	@for b in bench/[a-z]*.py; do echo "== $$b"; $(BIN)/python -m bench.$$(basename $$b .py) || exit 1; done

docs: $(VENV)/installed  ## Rewrite what the docs and schemas take from the code
	@$(BIN)/python -m docs.generate

lock: $(VENV)/installed  ## Re-lock the dependencies from pyproject.toml
	@$(BIN)/uv pip compile pyproject.toml --extra dev --generate-hashes --universal --python-version 3.11 --no-annotate --no-header -q -o requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --generate-hashes --universal --python-version 3.11 --no-annotate --no-header -q -o requirements-runtime.lock
	@$(BIN)/uv pip compile --group bench --generate-hashes --universal --python-version 3.11 --no-annotate --no-header -q -o requirements-bench.lock
	@$(BIN)/uv pip compile --group browser --generate-hashes --universal --python-version 3.11 --no-annotate --no-header -q -o requirements-browser.lock
	@for c in airbyte build cumulusci dlt django singer; do $(BIN)/uv pip compile --group client-$$c --generate-hashes --universal --python-version 3.11 --no-annotate --no-header -q -o tests/clients/python/$$c.lock || exit 1; done

clean:  ## Remove the local org, the mirror, the journal, the installed clients and the virtual environment
	@rm -rf $(VENV) $(STATE) .clients build dist
