# Tianheng. `make help` lists what there is; the two commands that matter are `make run` and `make test`.
PYTHON ?= python3.11
ARGS ?=
export ARGS

VENV := .venv/bin
LOCK := $(VENV)/uv pip compile pyproject.toml --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --python-version 3.11

.DEFAULT_GOAL := help
.PHONY: help run test check bench screenshots lint format lock assets python setup-dev setup-test clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: python ## Set up, then serve the site with a Celery worker on PORT (8000); Ctrl-C stops it
	@$(PYTHON) -m tools.setup run
	@exec $(VENV)/python manage.py serve

test: setup-test ## Set up, then run every test on both databases and brokers; ARGS="-k name" goes to pytest
	@$(VENV)/python -m tools.run_tests

check: lint test ## What CI runs: lint, types, import contracts, Django's checks, the catalogue, the tests

screenshots: setup-dev ## Take the pictures of the main pages in both languages, for docs/screenshots
	@$(VENV)/python -m tools.screenshots

lint: setup-dev ## The fast half of check: all of it but the tests
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy
	$(VENV)/lint-imports
	$(VENV)/python manage.py check --fail-level WARNING
	$(VENV)/python manage.py makemigrations --check --dry-run
	$(VENV)/python manage.py catalogue check

bench: setup-dev ## Measure the engine, the pages and the report: median, p95, queries, peak memory
	@$(VENV)/python -m tools.bench $(ARGS)

format: setup-dev ## Format the code and mend what ruff can mend
	$(VENV)/ruff check --fix .
	$(VENV)/ruff format .

lock: setup-dev ## Renew the locked dependencies from pyproject.toml and package.json (ARGS=--upgrade)
	$(LOCK) --extra dev $(ARGS) --output-file requirements/dev.txt
	$(LOCK) --constraint requirements/dev.txt $(ARGS) --output-file requirements/base.txt
	$(VENV)/python -m tools.setup node-lock

assets: setup-dev ## Build the icon sprite, the stylesheet and the fonts again after a change

clean: ## Remove what can be built again: the virtual environment, packages, caches; keeps the database
	rm -rf .venv node_modules var/stamps var/vendor var/fonts var/static var/test
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

setup-dev: python
	@$(PYTHON) -m tools.setup dev

setup-test: python
	@$(PYTHON) -m tools.setup test

python:
	@command -v $(PYTHON) >/dev/null || { echo "Tianheng needs Python 3.11. Type as root: apt-get install -y python3.11"; exit 1; }
