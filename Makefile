# Every target builds the environment it needs first; only Python 3.11 or newer and make are expected.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input install -q -c constraints.txt

CREATED := $(VENV)/.created
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo serve servers test test-long test-browser check bench docs clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

demo: $(RUNTIME) ## a whole federation in one process; ARGS=--exit stops after the tour
	$(BIN)/stacfed demo $(ARGS)

serve: $(RUNTIME) ## all roles of one node, settings from STACFED_* (docs/settings.md)
	$(BIN)/stacfed serve $(ARGS)

servers: $(DEV) ## a real Kafka and Elasticsearch until Ctrl-C; ARGS='--brokers 3'
	$(BIN)/python -m tests.servers $(ARGS)

test: $(DEV) ## the tests; ARGS='-k settings' picks some
	$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

test-long: $(DEV) ## the tests that take minutes: 100,000 items, thousands of generated requests
	$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder -m long $(ARGS)

test-browser: $(DEV) ## the page and STAC Browser in a real Chromium; ARGS='-k box' picks some
	$(BIN)/python -m pytest -q tests/browser $(ARGS)

check: $(DEV) ## format, lint, types, import contracts, documents that drifted
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --strict
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/docs

bench: $(DEV) ## the benchmarks
	$(BIN)/python -m tests.bench $(ARGS)

docs: $(DEV) ## write the generated tables into docs/ again
	$(BIN)/python -m tests.docs.generate $(ARGS)

clean: ## forget the environment and all caches
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(CREATED):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "stacfed needs Python 3.11 or newer; name one with: make PYTHON=python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

# The demo waits for as few packages as possible; what the tests need comes on top.
$(RUNTIME): $(CREATED) pyproject.toml constraints.txt
	$(PIP) -e .
	@touch $@

$(DEV): $(CREATED) pyproject.toml constraints.txt
	$(PIP) -e '.[dev]'
	@touch $(RUNTIME) $@
