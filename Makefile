# Everything starts here. `make demo` runs the portal, `make test` checks and tests it.
# Only relative paths: the checkout may lie in a path with spaces.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3)
PY := .venv/bin/python
PIP_INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check --no-input --require-hashes
WORKERS ?= 2

.PHONY: help demo test check lint types e2e bench requirements clean setup setup-test browser

help:  ## this list
	@grep -hE '^[a-z0-9-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 16

demo: setup  ## run the portal with its demo study (Ctrl-C stops it)
	@exec $(PY) -m studyportal.embedded.demo $(ARGS)

test: setup-test browser check  ## set up, run every check and test
	$(PY) -m pytest -n $(WORKERS) -m "not e2e" --create-db $(ARGS)
	$(PY) -m pytest -m e2e $(ARGS)  # one process: these share one running portal

check: setup-test  ## linters, types, imports, migrations
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m djlint --lint --quiet studyportal apps
	$(PY) -c 'import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())'
	$(PY) -m mypy
	$(PY) manage.py check --fail-level WARNING
	$(PY) manage.py makemigrations --check --dry-run

e2e: setup-test browser  ## only the end-to-end tests in a browser
	$(PY) -m pytest -m e2e $(ARGS)

bench: setup-test  ## measure against the machine's own limits
	$(PY) -m tests.benchmarks $(ARGS)

requirements:  ## pin the requirements again (needs uv)
	cd requirements && for name in base test; do \
	  uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	    --custom-compile-command "make requirements" $(UV_ARGS) $$name.in -o $$name.txt --quiet; done

clean:  ## remove the environment, the demo's data, caches
	@if [ -e var/demo.lock ] && ! flock --nonblock var/demo.lock true; then \
	  echo "The demo is running here: stop it first (Ctrl-C)." >&2; exit 1; fi
	@if [ -x $(PY) ]; then $(PY) -m studyportal.embedded.clean; fi
	rm -rf .venv var artefacts .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- Set-up, redone only when the pinned requirements changed ---------------------------------------------

setup: .venv/.base-installed
setup-test: .venv/.test-installed

$(PY):
	@test -n "$(PYTHON)" || { echo "No python3 found. Install Python 3.11 or newer." >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$(PYTHON) is older than Python 3.11. Install a newer one, or: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@"$(PYTHON)" -m venv .venv || { rm -rf .venv; \
	  echo "The environment could not be made. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }

.venv/.base-installed: requirements/base.txt | $(PY)
	@if [ requirements/test.txt -nt .venv/.test-installed ]; then \
	  echo "Installing the requirements …"; $(PIP_INSTALL) -r requirements/base.txt; fi
	@touch $@

.venv/.test-installed: requirements/test.txt requirements/base.txt | $(PY)
	@echo "Installing the requirements of the tests …"
	@$(PIP_INSTALL) -r requirements/test.txt
	@touch $@ .venv/.base-installed

browser:
	@if ! command -v chromium >/dev/null && ! command -v chromium-browser >/dev/null \
	    && ! command -v google-chrome >/dev/null; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing Chromium for the end-to-end tests …"; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; \
	  else \
	    echo "The end-to-end tests need Chromium, and it is not installed." >&2; \
	    echo "Install it (Debian: sudo apt-get install chromium) and start again." >&2; exit 1; \
	  fi; fi
