# What a newcomer types: make run, make test.
SHELL := /bin/bash
PYTHON ?= python3
CONFIG ?= config.yaml
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
TOOLS := prometheus prometheus-alertmanager nodejs npm

.PHONY: help install run test unit check format docs dashboards lock tools clean
.DEFAULT_GOAL := help

help:  ## say what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20

install: $(STAMP)  ## create .venv with the command backup-exporter

$(STAMP): pyproject.toml requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

run: install  ## serve CONFIG (default config.yaml) if it exists, else the demo
	@if [ -f "$(CONFIG)" ]; then exec $(BIN)/backup-exporter serve --config.file "$(CONFIG)" $(ARGS); \
	else exec $(BIN)/backup-exporter demo $(ARGS); fi

test: install tools check  ## everything: style, types, layers, all tests
	$(BIN)/pytest

unit: install  ## the tests that take no longer than seconds
	$(BIN)/pytest -m "not slow"

check: install  ## style, types and layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: install  ## bring the style in order
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: install  ## write the generated pages anew
	$(BIN)/python -m docs.build

dashboards: install  ## write the dashboards anew
	$(BIN)/python -m dashboards.build

tools:  ## Debian's packages that the tests really run
	@missing=""; for tool in promtool amtool prometheus prometheus-alertmanager node npm; do \
	  command -v $$tool >/dev/null || missing=yes; done; \
	if [ -n "$$missing" ]; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(TOOLS) >/dev/null; \
	  else echo "make test needs the Debian packages: $(TOOLS)" >&2; exit 1; fi; fi

COMPILE := $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header --no-annotate \
  --no-emit-index-url --no-emit-find-links --no-emit-options --no-emit-trusted-host --all-build-deps

lock: install  ## pin every dependency anew, with hashes and without addresses
	$(COMPILE) --output-file requirements-run.lock pyproject.toml
	$(COMPILE) --constraint requirements-run.lock --extra dev --output-file requirements.lock pyproject.toml

clean:  ## remove what make made
	rm -rf $(VENV) *.egg-info .mypy_cache .ruff_cache .pytest_cache
