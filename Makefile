# Everything a person or a build needs; `make run` is the product on one machine.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --quiet
PYTEST := env -u DJANGO_SETTINGS_MODULE $(PY) -m pytest
WORKERS ?= auto
export RUN_STARTED_AT := $(shell date +%s)
export PYTHONUNBUFFERED := 1

.DEFAULT_GOAL := run
.PHONY: run test lint bench prove screenshots clean lock venv venv-dev python-version

## Run PM, the trader and the paper exchange; Ctrl-C ends them all.
run: venv
	@exec $(PY) -m portfolio.supervise

## Run every test but the slow proofs.
test: venv-dev
	$(PYTEST) -n $(WORKERS) --dist loadscope -m "not slow"

## Check format, style, types, templates, security and migrations.
lint: venv-dev
	$(PY) -m ruff format --no-cache --check .
	$(PY) -m ruff check --no-cache .
	$(PY) -m mypy .
	@templates=$$(git ls-files 'templates/*.html'); [ -z "$$templates" ] || $(VENV)/bin/djade --check --target-version 5.2 $$templates
	$(PY) -m bandit --quiet --recursive --configfile pyproject.toml manage.py portfolio riskcontrol venues
	$(PY) manage.py makemigrations --check --dry-run --settings portfolio.settings
	TRADER_VENUE=hyperliquid $(PY) manage.py makemigrations --check --dry-run --settings venues.trader.settings
	$(PY) manage.py makemigrations --check --dry-run --settings venues.paper.settings

## Print where the time goes, both sides of every comparison in one run.
bench: venv-dev
	@$(PY) -m bench

## Run every proof, the slow ones included.
prove: venv-dev
	$(PYTEST) -n $(WORKERS) --dist loadscope

## Take the pictures in docs/.
screenshots: venv-dev
	$(PY) -m tests.browser.screenshots

## Remove what was built, not what was remembered (var/ holds databases and secrets).
clean:
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

## Lock requirements*.in with hashes.
lock: venv
	@$(PIP) install uv
	$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--custom-compile-command "make lock" requirements.in -o requirements.txt
	$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--custom-compile-command "make lock" requirements-dev.in -o requirements-dev.txt

# The copy of the lock beside the packages says what is installed: a touched file installs nothing.
# The lock is whole, so nothing is resolved (--no-deps), which also lets Lighter's SDK keep a current urllib3.
LOCK := requirements.txt requirements-lighter.txt

venv: python-version
	@cat $(LOCK) | cmp -s - $(VENV)/requirements.txt || { \
		echo "Installing what PoG PM runs on into $(VENV) ..."; \
		[ -x $(PY) ] || $(PYTHON) -m venv $(VENV); \
		$(PIP) install --no-deps --require-hashes $(LOCK:%=-r %) && cat $(LOCK) > $(VENV)/requirements.txt; }

venv-dev: venv
	@cmp -s requirements-dev.txt $(VENV)/requirements-dev.txt || { \
		echo "Installing what tests and lint add ..."; \
		$(PIP) install --require-hashes -r requirements-dev.txt && cp requirements-dev.txt $(VENV)/requirements-dev.txt; }

python-version:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { found=$$($(PYTHON) -V 2>&1 | tail -1); \
		echo "PoG PM needs Python 3.11 or newer, and \"$(PYTHON)\" is not ($${found:-no answer}): name another one with make PYTHON=python3.12." >&2; \
		exit 1; }
