# Everything happens inside this folder, package caches included. `.venv` can be removed at any time; so can `var/`,
# with the local database that is in it.

PORT ?= 8000
ARGS ?=
EDITS ?= 10000
ROUNDS ?= 20
CASES ?= 10000
export PORT

# The first Python that is new enough and can make virtual environments.
NAMES := python3 python3.13 python3.12 python3.11 python3.14
first = $(shell for name in $(NAMES); do $$name -c '$(1)' 2>/dev/null && echo $$name && break; done)
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(call first,import ensurepip$(comma) venv; $(NEW_ENOUGH))
comma := ,

VENV := .venv/bin/python
# Only packages are fetched, never an interpreter, and the system's certificates are trusted as by all else here.
export UV_PYTHON_DOWNLOADS := never
export UV_SYSTEM_CERTS ?= 1
export UV_CACHE_DIR ?= $(CURDIR)/var/cache/uv
export PIP_CACHE_DIR ?= $(CURDIR)/var/cache/pip
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# An environment whose interpreter has gone, after an upgrade of the system, is made again.
ifneq ($(shell $(VENV) -c 'print(1)' 2>/dev/null),1)
$(shell rm -f .venv/.synced)
endif

.PHONY: help run test check mutants sync fuzz faults bench format lock sbom licences clean

help: ## say what there is
	@sed -n 's/^\([a-z]*\):.*## /  make \1: /p' Makefile

run: .venv/.synced ## set everything up and serve on http://127.0.0.1:8000 (PORT=8001 for another port)
	@$(VENV) -m config.run

test: .venv/.synced ## set everything up, then every check and test (ARGS='-k overdue' goes to pytest)
	@$(VENV) -m config.test -- $(ARGS)

check: .venv/.synced ## lint, format, types, templates, deployment, missing migrations, API schema, bandit, known holes in dependencies
	@$(VENV) -m config.test --checks

mutants: .venv/.synced ## put small faults into the rules, one by one, and see whether the tests notice (WORKERS=2; ARGS=partners/dates.py)
	@$(VENV) -m config.mutants $(ARGS)

sync: .venv/.synced ## 10,000 random edits by four writers while a client copies the register (EDITS=1000 for fewer)
	@SYNC_EDITS=$(EDITS) $(VENV) -m config.test --tests -- -s tests/test_sync_client.py

faults: .venv/.synced ## databases stopped, workers killed, disks full, clients slow: 20 rounds under load (ROUNDS=3 for fewer)
	@FAULTS=$(ROUNDS) $(VENV) -m config.test --tests -- -s tests/faults $(ARGS)

fuzz: .venv/.synced ## ask the API 10,000 times what its schema allows and what it does not (CASES=1000 for fewer)
	@FUZZ_CASES=$(CASES) $(VENV) -m config.test --tests -- -s tests/test_fuzz.py

bench: .venv/.synced ## measure the API against SQL, on a database of its own (ARGS='--items 100000')
	@$(VENV) -m bench $(ARGS)

format: .venv/.synced ## put sources and templates into the house's format
	@$(VENV) -m ruff check --fix --quiet . || true
	@$(VENV) -m ruff format --quiet .
	@if ls templates/*.html >/dev/null 2>&1; then $(VENV) -m djlint --reformat --quiet templates || true; fi

# One lock for Linux and macOS and every Python from 3.11, with hashes and no index address.
COMPILE = $(VENV) -m uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url \
	--custom-compile-command 'make lock' $(ARGS)
lock: .venv/.synced ## write the lock files anew from pyproject.toml (ARGS=--upgrade for newer versions)
	@echo uv | $(COMPILE) - -o requirements-bootstrap.txt
	@$(COMPILE) pyproject.toml -o requirements.txt
	@$(COMPILE) pyproject.toml --group dev --group pg -c requirements.txt -o requirements-dev.txt

sbom: .venv/.synced ## write var/sbom.json: all that Pacta runs with, for scanners (CycloneDX)
	@mkdir -p var && $(VENV) -m cyclonedx_py requirements requirements.txt --output-reproducible -o var/sbom.json
	@echo var/sbom.json

licences: .venv/.synced ## write docs/licences.md anew
	@$(VENV) -m config.licences

clean: ## remove what can be made again; the local database and its key stay
	@rm -rf .venv .mypy_cache .ruff_cache .hypothesis var/cache var/static var/static.collected var/schema.yml
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# pip asks rustc for its version, and rustup's stand-in for rustc then writes settings: not into the home folder.
ASIDE := RUSTUP_HOME="$$PWD/var/cache/rustup"

.venv/.synced: requirements-bootstrap.txt requirements-dev.txt
	@if [ -z "$(PYTHON)" ]; then \
		old='$(call first,$(NEW_ENOUGH))'; \
		if [ -n "$$old" ]; then echo "$$old cannot make virtual environments: apt install $$old-venv"; \
		else echo "Pacta needs Python 3.11 or newer, and found none of: $(NAMES)"; fi; \
		exit 1; fi
	@$(VENV) -c '' 2>/dev/null || $(ASIDE) $(PYTHON) -m venv --clear .venv
	@$(ASIDE) $(VENV) -m pip install --quiet --require-hashes -r requirements-bootstrap.txt
	@$(VENV) -m uv pip sync --quiet --require-hashes --python $(VENV) requirements-dev.txt
	@touch $@
