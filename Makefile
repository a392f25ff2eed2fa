# `make demo` shows a call from beginning to end; `make test` passes the whole test suite. Both set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help setup demo test check generate sandbox clean

help: ## List the commands.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

$(VENV)/ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

setup: $(VENV)/ready ## Install what the project needs into .venv.

demo: setup ## Place a call against the sandbox, follow it, answer its tool, show the bill.
	$(BIN)/python examples/demo.py

test: setup check ## Check the code, then run the whole test suite.
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --cov --cov-report term

check: setup ## Lint, format, types, and that the generated code is what the contract gives.
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python custom/generate.py --check

generate: setup ## Regenerate pamela/_generated from openapi.yaml.
	$(BIN)/python custom/generate.py

sandbox: setup ## Serve the sandbox on 127.0.0.1:8400.
	$(BIN)/python -m pamela.sandbox

clean: ## Remove what the other commands made.
	rm -rf $(VENV) build dist .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache
