# `make help` lists what there is. Everything installs into .venv and nowhere else.
PYTHON ?= python3
BIN := .venv/bin
PY := $(BIN)/python
PROVIDER := tests/provider/node_modules/.package-lock.json
PIP := $(PY) -m pip --disable-pip-version-check install --quiet --require-hashes

.DEFAULT_GOAL := help
.DELETE_ON_ERROR: # a venv that failed half-way (no python3-venv) has a python already, and no pip
.PHONY: help run run-sso test check bench sandbox screenshots lock

help: ## Say what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

run: .venv/.runtime ## Start the portal on http://127.0.0.1:8000 with a sandbox API and sample people (DEMO="--bind host:port")
	@PORTAL_MODE=development $(PY) manage.py demo $(DEMO)

run-sso: .venv/.runtime $(PROVIDER) ## The same with a real OpenID Connect provider to sign in at (needs apt-get install nodejs npm)
	@PORTAL_MODE=development $(PY) manage.py demo --sso $(DEMO)

sandbox: .venv/.runtime ## Start the sandbox API alone, on http://127.0.0.1:8001
	@PORTAL_MODE=development $(PY) manage.py sandbox

test: .venv/.dev ## Run the tests on SQLite, then on PostgreSQL where there is one (PYTEST="-k word" narrows)
	$(PY) tests/on_both.py $(PYTEST)

check: .venv/.dev ## Lint, types, migrations, deployment checks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint templates --lint --quiet
	PORTAL_MODE=development $(BIN)/mypy
	PORTAL_MODE=development $(PY) manage.py makemigrations --check --dry-run
	$(PY) tests/deployment_check.py

bench: .venv/.dev ## Measure, as ratios in one run (TEST_POSTGRESQL_URL for the second database)
	PYTHONPATH=tests $(PY) -m bench

screenshots: .venv/.dev ## Take the README's pictures anew (needs Chromium)
	$(PY) docs/screenshots.py

lock: ## Compile requirements*.in anew (needs uv)
	uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header --no-strip-extras requirements.in -o requirements.txt
	uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header --no-strip-extras requirements-dev.in -o requirements-dev.txt

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.runtime: requirements.txt | .venv/bin/python
	$(PIP) -r requirements.txt
	@touch $@

.venv/.dev: requirements-dev.txt | .venv/bin/python
	$(PIP) -r requirements-dev.txt
	@touch .venv/.runtime $@

$(PROVIDER): tests/provider/package-lock.json
	@command -v npm >/dev/null || { echo "No npm on this machine: apt-get install nodejs npm" >&2; exit 1; }
	npm ci --prefix tests/provider
	@touch $@
