# Start with `make run` or `make test`.
SHELL := /bin/bash
# The Python to create .venv with; by default the newest suitable one on the PATH.
PYTHON ?=
CONFIG ?= config.yaml
ARGS ?=
VENV := .venv
# How many tests run in parallel: one more than there are cores, since some wait for other programs.
WORKERS ?= $(shell expr $$(nproc) + 1)
# Which tests `make programs` runs.
MARKED ?= programs
BIN := $(VENV)/bin
# The pure modules, which do no I/O: the quick tests cover every branch of them.
CORE := exporter/state/*,exporter/metrics/*,exporter/providers/*,exporter/characters.py,exporter/counters.py,$\
exporter/errors.py,exporter/human.py,exporter/json_web_token.py,exporter/model.py,exporter/provider.py,$\
exporter/schedule.py,exporter/settings.py,exporter/shard.py,exporter/wire.py
# Let Python cache compiled tests, even if the environment disables that.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help install dev run test unit quick long check format stack pictures bench docs rules dashboards lock tools gotools programs packages sbom imagetools clean
.DEFAULT_GOAL := help

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20

install: $(VENV)/.installed  ## create .venv with the command backup-exporter

PIP := $(BIN)/pip install --quiet --disable-pip-version-check

$(VENV)/.installed: pyproject.toml requirements-run.lock
	@python=$$(bash .ci/find-python "$(PYTHON)") && "$$python" -m venv $(VENV)
	$(PIP) --no-deps --require-hashes -r requirements-run.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	touch $@

dev: $(VENV)/.dev  ## install what the tests and checks need into .venv

$(VENV)/.dev: $(VENV)/.installed requirements.lock
	$(PIP) --no-deps --require-hashes -r requirements.lock
	touch $@

run: install  ## serve CONFIG (default config.yaml) if it exists, else the demo
	@if [ -f "$(CONFIG)" ]; then exec $(BIN)/backup-exporter serve --config.file "$(CONFIG)" $(ARGS); \
	else exec $(BIN)/backup-exporter demo $(ARGS); fi

test: dev tools check  ## run the checks, and all tests except those that take minutes
	$(BIN)/pytest -m "not long" -n $(WORKERS) --dist loadfile --cov --cov-report=term
	$(BIN)/coverage report --include="$(CORE)" --fail-under=100

unit: dev  ## run the unit tests (half a minute)
	$(BIN)/pytest -m "not integration and not slow and not long" -n $$(nproc) --dist loadfile

quick: dev  ## run the unit and integration tests
	$(BIN)/pytest -m "not slow and not long" -n $$(nproc) --dist loadfile

long: dev tools imagetools  ## run the tests that take minutes: container, stack, benchmarks
	$(BIN)/pytest -m long -n 2 --dist loadfile

check: dev  ## check style, types, import contracts, and that generated files are up to date
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m dashboards.build --check
	$(BIN)/python -m alerts.build --check
	$(BIN)/python -m deploy.kubernetes.build --check

format: dev  ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

stack: dev tools  ## run the demo with Prometheus and Alertmanager; ARGS=--short for alerts within minutes
	@exec $(BIN)/python -m stack $(ARGS)

pictures: dev tools  ## regenerate the pictures of the README and the pages (three minutes)
	$(BIN)/python -m pages.pictures
	PICTURES=$(CURDIR)/docs/pictures $(BIN)/pytest tests/web/test_browser.py -k picture

bench: dev  ## measure speed, memory and requests against references; ARGS=--json for JSON
	@if command -v go >/dev/null; then cd benchmarks/go && go build -o "$(CURDIR)/.tools/bin/scrape-references" .; \
	else echo "without Go, the rows of Go's libraries are left out" >&2; fi
	$(BIN)/python -m benchmarks $(ARGS)

docs: dev  ## regenerate the pages
	$(BIN)/python -m pages.build

rules: dev  ## regenerate the rules, runbooks and tables of alerts
	$(BIN)/python -m alerts.build
	$(BIN)/python -m deploy.kubernetes.build

dashboards: dev  ## regenerate the dashboards
	$(BIN)/python -m dashboards.build
	$(BIN)/python -m deploy.kubernetes.build

# $(call need,PROGRAM:PACKAGE ...): install the Debian packages of the programs that are missing, or name them if we lack
# the rights. Packages of programs that are present are left alone: one installed from elsewhere, as Node.js often is, may
# conflict with Debian's.
define need
@missing=""; for pair in $(1); do command -v $${pair%%:*} >/dev/null || missing="$$missing $${pair##*:}"; done; \
if [ -n "$$missing" ]; then \
  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
  else echo "this needs the Debian packages:$$missing" >&2; exit 1; fi; fi
endef

tools:  ## install the Debian packages that the tests need
	$(call need,promtool:prometheus prometheus:prometheus amtool:prometheus-alertmanager \
	  prometheus-alertmanager:prometheus-alertmanager node:nodejs npm:npm tinyproxy:tinyproxy chromium:chromium)

GOTOOLS := prometheus:prometheus promtool:prometheus vmalert:victoriametrics victoria-metrics:victoriametrics helm:helm \
  v5:kustomize

gotools:  ## build current Prometheus, vmalert, helm and kustomize into .tools; needs Go (minutes)
	@command -v go >/dev/null || { echo "this needs Go 1.26; the tests take Debian's programs without it" >&2; exit 1; }
	@mkdir -p .tools/bin
	@for pair in $(GOTOOLS); do \
	  module=tools/$${pair##*:}; package=$$(cd $$module && go list -f '{{.ImportPath}}' tool | grep "/$${pair%%:*}$$"); \
	  (cd $$module && go build -o "$(CURDIR)/.tools/bin/" $$package) || exit 1; done
	@if [ -f .tools/bin/v5 ]; then mv .tools/bin/v5 .tools/bin/kustomize; fi

programs: dev tools $(if $(wildcard .tools/bin/prometheus),,gotools)  ## run the tests that need Prometheus, vmalert, helm or kustomize, with current versions
	$(BIN)/pytest -m "$(MARKED)" -n $(WORKERS) --dist loadfile $(ARGS)

packages: dev  ## build the wheel and the sdist in dist, and check them
	rm -rf dist build
	$(BIN)/python -m build --outdir dist
	$(BIN)/twine check --strict dist/*

sbom: dev  ## write a bill of materials of the image (CycloneDX) to dist
	@mkdir -p dist
	rm -rf build/sbom
	$(BIN)/python -m venv build/sbom
	build/sbom/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-run.lock
	$(BIN)/python -m deploy.sbom build/sbom/bin/python > dist/backup-exporter.cdx.json

imagetools:  ## install the Debian packages that build and run the container
	$(call need,buildah:buildah debootstrap:debootstrap)

COMPILE := $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header --no-annotate \
  --no-emit-index-url --no-emit-find-links --no-emit-options --no-emit-trusted-host --all-build-deps

lock: dev  ## update the lock files, with hashes and without index addresses
	$(COMPILE) --output-file requirements-run.lock pyproject.toml
	$(COMPILE) --constraint requirements-run.lock --extra dev --output-file requirements.lock pyproject.toml

clean:  ## remove build output
	rm -rf $(VENV) *.egg-info .mypy_cache .ruff_cache .pytest_cache render/node_modules render/dist \
	  render/grafana12/{node_modules,dist,src,*.mjs,index.html}
