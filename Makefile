# Everything a contributor does is a target here. `make run` and `make test` need only Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

.PHONY: setup run test lint format client bench bench-peers bench-governance lock clean

setup: $(STAMP)

# The lock is installed with hashes first; the project itself afterwards, because a local path has no hash.
$(STAMP): requirements/dev.txt requirements/uv.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Torana needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Set PYTHON=python3.11 or newer.")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --no-python-downloads --require-hashes requirements/uv.txt requirements/dev.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-python-downloads --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q src
	@touch $(STAMP)

run: setup
	@exec $(BIN)/torana serve

# Most tests wait more than they compute. Each worker has a PostgreSQL server, hence the bound.
test: setup
	@$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist worksteal

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m tests.control.scope_rule

format: setup
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

# From the OpenAPI document of the admin API; a test compares.
client: setup
	@$(BIN)/python -m tests.client.generate

bench: setup
	@$(BIN)/python -m bench

bench-peers: setup
	@$(BIN)/python -m bench --peers

bench-governance: setup
	@$(BIN)/python -m bench.governance

# Names, versions and hashes only: no index address is written.
lock:
	@uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --quiet --custom-compile-command "make lock" -o requirements/dev.txt
	@uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --quiet --custom-compile-command "make lock" -o requirements/run.txt
	@echo "uv==0.13.9" | uv pip compile - --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --quiet --custom-compile-command "make lock" -o requirements/uv.txt

clean:
	@rm -rf $(VENV)
