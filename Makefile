# `make demo` and `make test` set up all they need in .venv, from lists of exact versions with their hashes.
PYTHON ?= python3
PY := .venv/bin/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes
# The command, run from this checkout.
COMMAND := printf '\#!/bin/sh\nPYTHONPATH="%s" exec "%s/$(PY)" -m reports "$$@"\n' "$(CURDIR)" "$(CURDIR)" \
	> .venv/bin/tallystick && chmod +x .venv/bin/tallystick

.PHONY: demo test check notebooks pictures torture bench confusion lock clean

demo: .venv/runtime  ## sample data the whole way; prints the path of the page
	@$(PY) -m reports demo

test: check  ## everything: lint, types, layers, tests, pages in a browser
	$(PY) -m pytest -n 2 --dist loadfile

check: .venv/dev  ## lint, types, layers
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m mypy notebooks/*.py
	.venv/bin/lint-imports

notebooks: .venv/dev  ## run the notebooks' scripts again and write what they show
	$(PY) -m notebooks.execute

pictures: .venv/dev  ## take the pictures of the sample's pages in docs/pages
	@$(PY) -m tests.browser.pictures

torture: .venv/dev  ## kill imports 200 times at random moments; what is left must be whole
	TALLYSTICK_KILLS=200 $(PY) -m pytest -q tests/test_crash.py

bench: .venv/dev  ## speed, as ratios to the engine's bare scan of the same data
	$(PY) -m tests.bench.bench

confusion: .venv/dev  ## plant every billing mistake into a month of 200,000 requests; prints which causes are told
	@$(PY) -m tests.confusion

lock: .venv/dev  ## renew the lists of exact versions
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-annotate --no-header --upgrade -o requirements/runtime.txt
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-annotate --no-header --upgrade -c requirements/runtime.txt -o requirements/dev.txt

clean:
	rm -rf .venv tallystick-demo dist build

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or later is needed; name it with: make PYTHON=python3.12 ..." >&2; exit 2; }
	@$(PYTHON) -m venv .venv \
		|| { rm -rf .venv; echo "this Python lacks venv; on Debian: apt-get install python3-venv" >&2; exit 2; }

.venv/runtime: requirements/runtime.txt | .venv/bin/python
	@echo "setting up .venv (once)" >&2
	@$(PIP) -r requirements/runtime.txt
	@$(COMMAND)
	@touch $@

.venv/dev: requirements/dev.txt | .venv/bin/python
	@echo "setting up .venv for development (once)" >&2
	@$(PIP) -r requirements/dev.txt
	@$(COMMAND)
	@touch $@ .venv/runtime
