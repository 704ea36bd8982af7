# What a newcomer types: make run, make test.
SHELL := /bin/bash
# The Python that .venv is made of; without a name, the newest suitable one on the PATH.
PYTHON ?=
CONFIG ?= config.yaml
ARGS ?=
VENV := .venv
# How many tests run side by side: one more than there are cores, since some wait for other programs.
WORKERS ?= $(shell expr $$(nproc) + 1)
# Which tests `make programs` runs.
MARKED ?= programs
BIN := $(VENV)/bin
# What is values and functions of values: the quick tests run every branch of it.
CORE := exporter/state/*,exporter/metrics/*,exporter/providers/*,exporter/characters.py,exporter/counters.py,$\
exporter/errors.py,exporter/human.py,exporter/json_web_token.py,exporter/model.py,exporter/provider.py,$\
exporter/schedule.py,exporter/settings.py,exporter/shard.py,exporter/wire.py
# Tests are compiled once and not at each run, whatever the environment says.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help install dev run test unit quick long check format stack pictures bench docs rules dashboards lock tools gotools programs packages sbom imagetools clean
.DEFAULT_GOAL := help

help:  ## say what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20

install: $(VENV)/.installed  ## create .venv with the command backup-exporter

PIP := $(BIN)/pip install --quiet --disable-pip-version-check

$(VENV)/.installed: pyproject.toml requirements-run.lock
	@python=$$(bash .ci/find-python "$(PYTHON)") && "$$python" -m venv $(VENV)
	$(PIP) --require-hashes -r requirements-run.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	touch $@

dev: $(VENV)/.dev  ## add to .venv what the tests and checks need

$(VENV)/.dev: $(VENV)/.installed requirements.lock
	$(PIP) --require-hashes -r requirements.lock
	touch $@

run: install  ## serve CONFIG (default config.yaml) if it exists, else the demo
	@if [ -f "$(CONFIG)" ]; then exec $(BIN)/backup-exporter serve --config.file "$(CONFIG)" $(ARGS); \
	else exec $(BIN)/backup-exporter demo $(ARGS); fi

test: dev tools check  ## style, types, layers, and all tests but those that take minutes
	$(BIN)/pytest -m "not long" -n $(WORKERS) --dist loadfile --cov --cov-report=term
	$(BIN)/coverage report --include="$(CORE)" --fail-under=100

unit: dev  ## the tests of parts, in half a minute: what to run at each save
	$(BIN)/pytest -m "not integration and not slow and not long" -n $$(nproc) --dist loadfile

quick: dev  ## those, and the tests of several parts together
	$(BIN)/pytest -m "not slow and not long" -n $$(nproc) --dist loadfile

long: dev tools imagetools  ## the tests that take minutes: the container, the stack, the benchmarks
	$(BIN)/pytest -m long -n 2 --dist loadfile

check: dev  ## style, types, layers, and whether dashboards and rules are as they are made
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m dashboards.build --check
	$(BIN)/python -m alerts.build --check
	$(BIN)/python -m deploy.kubernetes.build --check

format: dev  ## bring the style in order
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

stack: dev tools  ## the demo with a real Prometheus and Alertmanager; ARGS=--short for alerts within minutes
	@exec $(BIN)/python -m stack $(ARGS)

pictures: dev tools  ## draw the pictures of the README and the pages anew (three minutes)
	$(BIN)/python -m pages.pictures
	PICTURES=$(CURDIR)/docs/pictures $(BIN)/pytest tests/web/test_browser.py -k picture

bench: dev  ## measure speed, memory and requests against references; ARGS=--json for machines
	@if command -v go >/dev/null; then cd benchmarks/go && go build -o "$(CURDIR)/.tools/bin/scrape-references" .; \
	else echo "without Go, the rows of Go's libraries are left out" >&2; fi
	$(BIN)/python -m benchmarks $(ARGS)

docs: dev  ## write the generated pages anew
	$(BIN)/python -m pages.build

rules: dev  ## write the rules, and what else is made from the table of alerts, anew
	$(BIN)/python -m alerts.build
	$(BIN)/python -m deploy.kubernetes.build

dashboards: dev  ## write the dashboards anew
	$(BIN)/python -m dashboards.build
	$(BIN)/python -m deploy.kubernetes.build

# $(call need,PROGRAM:PACKAGE ...): install Debian's packages of the programs that are missing, and of no others, if we
# may; else name them. A program that came from elsewhere (Node.js often does) may not go with Debian's packages.
define need
@missing=""; for pair in $(1); do command -v $${pair%%:*} >/dev/null || missing="$$missing $${pair##*:}"; done; \
if [ -n "$$missing" ]; then \
  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
  else echo "this needs the Debian packages:$$missing" >&2; exit 1; fi; fi
endef

tools:  ## Debian's packages that the tests really run
	$(call need,promtool:prometheus prometheus:prometheus amtool:prometheus-alertmanager \
	  prometheus-alertmanager:prometheus-alertmanager node:nodejs npm:npm tinyproxy:tinyproxy chromium:chromium)

GOTOOLS := prometheus:prometheus promtool:prometheus vmalert:victoriametrics victoria-metrics:victoriametrics helm:helm \
  v5:kustomize

gotools:  ## build today's Prometheus, vmalert, helm and kustomize into .tools, where Go is found (minutes)
	@command -v go >/dev/null || { echo "this needs Go 1.26; the tests take Debian's programs without it" >&2; exit 1; }
	@mkdir -p .tools/bin
	@for pair in $(GOTOOLS); do \
	  module=tools/$${pair##*:}; package=$$(cd $$module && go list -f '{{.ImportPath}}' tool | grep "/$${pair%%:*}$$"); \
	  (cd $$module && go build -o "$(CURDIR)/.tools/bin/" $$package) || exit 1; done
	@if [ -f .tools/bin/v5 ]; then mv .tools/bin/v5 .tools/bin/kustomize; fi

programs: dev tools $(if $(wildcard .tools/bin/prometheus),,gotools)  ## the tests that use those programs, with today's
	$(BIN)/pytest -m "$(MARKED)" -n $(WORKERS) --dist loadfile $(ARGS)

packages: dev  ## build the wheel and the sdist into dist, and check them
	rm -rf dist build
	$(BIN)/python -m build --outdir dist
	$(BIN)/twine check --strict dist/*

sbom: dev  ## list what the wheel and the image bring along, as CycloneDX, in dist
	@mkdir -p dist
	rm -rf build/sbom
	$(BIN)/python -m venv build/sbom
	build/sbom/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-run.lock
	$(BIN)/python -m deploy.sbom build/sbom/bin/python > dist/backup-exporter.cdx.json

imagetools:  ## Debian's packages that build and run the container
	$(call need,buildah:buildah debootstrap:debootstrap)

COMPILE := $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header --no-annotate \
  --no-emit-index-url --no-emit-find-links --no-emit-options --no-emit-trusted-host --all-build-deps

lock: dev  ## pin every dependency anew, with hashes and without addresses
	$(COMPILE) --output-file requirements-run.lock pyproject.toml
	$(COMPILE) --constraint requirements-run.lock --extra dev --output-file requirements.lock pyproject.toml

clean:  ## remove what make made
	rm -rf $(VENV) *.egg-info .mypy_cache .ruff_cache .pytest_cache render/node_modules render/dist \
	  render/grafana12/{node_modules,dist,src,*.mjs,index.html}
