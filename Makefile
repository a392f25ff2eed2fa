# `make demo` shows a call from beginning to end; `make test` passes the whole test suite. Both set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NODE_BIN := node_modules/.bin
# The tools that run on Node.js, where there is one.
NODE := $(if $(shell command -v npm),node_modules/ready)

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-slow coverage check generate lint-spec spec spec-diff reference journeys fixtures clients build docs screenshots version-1 bench sandbox sandbox-file clean

help: ## List the commands.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

PIP_INSTALL = $(BIN)/python -m pip install --disable-pip-version-check --progress-bar off --editable

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo: pyproject.toml | $(BIN)/python
	$(PIP_INSTALL) '.[demo]'
	@touch $@

$(VENV)/ready: pyproject.toml | $(BIN)/python
	$(PIP_INSTALL) '.[dev]'
	@touch $(VENV)/demo $@

setup: $(VENV)/ready ## Install what the project needs into .venv.

demo: $(VENV)/demo ## Place a call against the sandbox, follow it, answer its tool, show the bill.
	@$(BIN)/pamela demo

PYTEST := $(BIN)/python -m pytest --numprocesses 2 --dist loadfile

test: setup check $(NODE) ## Check the code, then run the test suite without its slow tests.
	$(PYTEST) -m "not slow"

SLOW ?= tests

test-slow: setup $(NODE) ## Run the slow tests (of SLOW, a path): chaos, load, hostile servers by the hundred.
	$(PYTEST) -m slow $(SLOW)

coverage: setup $(NODE) ## Run the test suite and say which lines it does not reach.
	$(PYTEST) -m "not slow" --cov --cov-report term

check: setup ## Lint, format, types, and that the generated code is what openapi.yaml gives.
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m custom --check

generate: setup ## Regenerate pamela/_generated from openapi.yaml.
	$(BIN)/python -m custom

node_modules/ready: package.json package-lock.json
	npm ci
	@touch $@

lint-spec: node_modules/ready ## Lint openapi.yaml and the journeys with Redocly and Spectral.
	$(NODE_BIN)/redocly lint openapi.yaml
	$(NODE_BIN)/spectral lint --fail-severity hint openapi.yaml
	$(NODE_BIN)/redocly lint clients/journeys.arazzo.yaml

spec: setup node_modules/ready ## Make the specification in other forms, its types for npm and its requests for Postman, in build/spec.
	$(BIN)/python scripts/spec.py

spec-diff: setup node_modules/ready ## Say what changed since BASE (a tag or commit; the last release) and whom it breaks.
	$(BIN)/python scripts/spec_diff.py $(BASE)

reference: setup node_modules/ready ## Make the API reference, one HTML page, for the sandbox to serve.
	$(BIN)/python scripts/reference.py

journeys: setup node_modules/ready ## Run clients/journeys.arazzo.yaml, eight journeys through the API, against the sandbox.
	$(BIN)/python scripts/journeys.py

fixtures: setup ## Record a body of every webhook and every error in docs/reference/fixtures.
	$(BIN)/python scripts/fixtures.py

clients: setup $(NODE) ## Try clients in other languages, made from openapi.yaml, against the sandbox.
	$(BIN)/python clients/check.py

docs: setup ## Build the documentation site into site, and pack it in dist/documentation.zip.
	$(BIN)/python scripts/documentation.py

build: setup $(if $(NODE),reference) ## Build wheel and sdist into dist, and try both.
	$(BIN)/python scripts/build.py

screenshots: setup ## Take the pictures of the sandbox's page for README and docs.
	$(BIN)/python scripts/screenshots.py

version-1: setup ## Make the environment of version 1.2.0, which the slow tests of tests/upgrade compare with.
	$(BIN)/python scripts/version_1.py

bench: setup ## Measure against other clients, the sandbox under load and campaigns, and write the figures into docs; takes some minutes.
	$(BIN)/python benchmarks/run.py
	$(BIN)/python benchmarks/sandbox_load.py --write
	$(BIN)/python benchmarks/sandbox_fuzz.py
	$(BIN)/python benchmarks/pytest_plugin.py
	$(BIN)/python benchmarks/campaigns.py

sandbox: $(VENV)/demo ## Serve the sandbox on 127.0.0.1:8400.
	$(BIN)/python -m pamela.sandbox

sandbox-file: setup ## Make the sandbox one file, build/pamela-sandbox.pyz, that any Python from 3.11 on runs as it is.
	$(BIN)/python -m scripts.sandbox_file

clean: ## Remove what the other commands made.
	rm -rf $(VENV) node_modules pamela/sandbox/reference.html build dist site .cache .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache
