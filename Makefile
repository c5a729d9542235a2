# remnant: every task of a developer and of the first visitor.
#
# Needed on the machine: make, and Python 3.11 or newer with its venv module (Debian: python3 python3-venv make).
# Everything else comes into .venv from the locked, hashed lists in requirements/ (wheels only).

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:

# The first Python that is new enough and can make a venv; `make PYTHON=/path/to/python test` takes another.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
LOCKED := install --quiet --require-hashes --only-binary :all:
UV_COMPILE := uv pip compile --quiet --universal --python-version 3.11 --only-binary :all: --generate-hashes \
	--no-annotate --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

# A stamp carries in its name what it was made from: another lock, project file or folder is another stamp.
key = $(shell { cat $(1) pyproject.toml Makefile 2>/dev/null; pwd; } | sha256sum | cut -c 1-16)
RUN_STAMP := $(VENV)/.run-$(call key,requirements/run.txt requirements/build.txt)
DEV_STAMP := $(VENV)/.dev-$(call key,requirements/dev.txt)

.PHONY: help demo test format-check lint types layers pytest docs docs-generate qgis-plugin bench page format lock clean

help:  ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

demo: $(RUN_STAMP)  ## Set up, assess the shipped example, and say where the results lie
	@$(BIN)/remnant assess examples/valley --out demo-output/valley
	@echo
	@echo "The report and the map layers lie in $(CURDIR)/demo-output/valley:"
	@ls demo-output/valley | sed 's/^/  /'

test: format-check lint types layers pytest docs  ## Set up and run every check

format-check: $(DEV_STAMP)  ## Check the format of all Python files
	$(BIN)/ruff format --check .

lint: $(DEV_STAMP)  ## Look for mistakes that a reader of the code can see
	$(BIN)/ruff check .

types: $(DEV_STAMP)  ## Check the types (strict)
	$(BIN)/mypy

layers: $(DEV_STAMP)  ## Check that imports point down only
	$(BIN)/lint-imports

pytest: $(DEV_STAMP)  ## Run all tests, with the examples in docstrings and docs
	$(BIN)/pytest -n auto --doctest-modules

docs: $(DEV_STAMP)  ## Build the documentation; a warning is an error
	$(BIN)/sphinx-build -W --keep-going --quiet -b html -d docs/_build/doctrees docs docs/_build/html
	@echo "The documentation lies in docs/_build/html/index.html"

docs-generate: $(DEV_STAMP)  ## Write the generated blocks and pages of the documentation anew
	$(BIN)/python docs/generate.py

qgis-plugin:  ## Pack the QGIS plugin into dist/ (needs Python only)
	@$(PYTHON) qgis/build_plugin.py

bench: $(DEV_STAMP)  ## Run the benchmarks and print the table
	$(BIN)/python -m benchmarks

page:  ## Build the page of the map application anew (needs node and npm)
	cd frontend && npm ci --no-audit --no-fund --silent && npm run --silent build

format: $(DEV_STAMP)  ## Format all Python files and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock:  ## Resolve the dependencies anew (needs uv) and write requirements/*.txt
	$(UV_COMPILE) pyproject.toml --output-file requirements/run.txt
	$(UV_COMPILE) requirements/build.in --constraint requirements/run.txt --output-file requirements/build.txt
	$(UV_COMPILE) pyproject.toml --group dev --constraint requirements/run.txt --constraint requirements/build.txt \
		--output-file requirements/dev.txt
	@if grep -n '://' requirements/*.txt; then echo "a lock must hold no address"; exit 1; fi

clean:  ## Remove everything that these targets have made
	rm -rf $(VENV) demo-output docs/_build build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(VENV)/bin/pip:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer with its venv module is needed, and none was found." \
		"On Debian: apt install python3 python3-venv"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(RUN_STAMP): | $(VENV)/bin/pip
	@echo "Installing the locked run-time dependencies into $(VENV)"
	@$(PIP) $(LOCKED) -r requirements/run.txt -r requirements/build.txt
	@$(PIP) install --quiet --no-index --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/.run-* && touch $@

$(DEV_STAMP): | $(VENV)/bin/pip
	@echo "Installing the locked dependencies for development into $(VENV)"
	@$(PIP) $(LOCKED) -r requirements/dev.txt
	@$(PIP) install --quiet --no-index --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/.dev-* && touch $@
