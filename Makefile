# Every target works on a machine with nothing but Python 3.11 or newer: no root, no containers, no Node.
.DEFAULT_GOAL := setup
.PHONY: setup help demo run up down quick test cover torture fuzz bench fill pages load lint check format lock clean

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

# The certificates this machine trusts, so that installing works behind a company's TLS proxy too.
CERTS := $(or $(PIP_CERT),$(SSL_CERT_FILE),$(firstword $(wildcard \
	/etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem /etc/ssl/cert.pem)))
export UV_SYSTEM_CERTS ?= 1
ifneq ($(CERTS),)
export PIP_CERT ?= $(CERTS)
endif
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Images of containers like to set it; without the compiled files each process that starts here compiles Django anew.
unexport PYTHONDONTWRITEBYTECODE

# What stands behind ## is shown by `make help`: of a target what it does, alone the group of the targets below.
## Try it
setup: $(STAMP) ## Make .venv with the locked dependencies
	@echo "Ready. Next: make demo (see it work), make run (serve it), make test."

help: ## List what make can do
	@awk -F ':.*## ' '/^## / { printf "%s%s\n", blank, substr($$0, 4); blank = "\n" } \
		/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '\nVariables are given behind: make test WORKERS=2. docs/commands.md says more, and has manage.py.\n'

$(STAMP): requirements/uv.txt requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name one with: make PYTHON=/path/to/python3"; exit 1; }
	@echo "Installing the locked dependencies into .venv ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/uv.txt
	@$(BIN)/uv pip sync --quiet --require-hashes --python $(BIN)/python requirements/uv.txt requirements/dev.txt
	@touch $@

demo: $(STAMP) ## Import a bundled feed through the whole pipeline and show the outcome
	@$(BIN)/python -m config.embedded during manage.py demo

run: $(STAMP) ## Serve the platform until Ctrl-C
	@$(BIN)/python -m config.embedded during manage.py serve

up: $(STAMP) ## Start services, worker and beat in the background
	@$(BIN)/python -m config.embedded up

down: $(STAMP) ## Stop what `make up` started
	@$(BIN)/python -m config.embedded down

## Work on it
quick: lint ## For every save: lint, and the tests that need no service but PostgreSQL
	@$(BIN)/python -m pytest --quick -n $(if $(DATABASE_URL),0,2) --dist loadfile --no-loadscope-reorder

# More than there are cores, since many tests wait for processes. What is set up elsewhere is used by one at a time.
WORKERS ?= $(if $(DATABASE_URL)$(REDIS_URL)$(AWS_ENDPOINT_URL),0,3)

AT_ONCE = -n $(WORKERS) --dist loadfile --no-loadscope-reorder

test: $(STAMP) ## Run every test, with the coverage of the core; WORKERS=… runs that many at once
	@$(BIN)/python -m pytest --cov --cov-report= --count-core --durations=15 $(AT_ONCE)
	@echo "The core in its own tests, which must keep 95% of lines and branches:"
	@$(BIN)/coverage report --fail-under=95 --include='uploads/feed/*,catalog/rules/*,catalog/committer.py,catalog/snapshot.py'

cover: $(STAMP) ## Run every test, with the coverage of everything, which takes half as long again; WORKERS=…
	@$(BIN)/python -m pytest --cov $(AT_ONCE)

## Break it, and measure it
torture: $(STAMP) ## Kill random processes during imports; SEED=… repeats a run, KILLS=… and ROWS=… size it, ENGINE=local
	@$(BIN)/python -m tests.torture $(if $(SEED),--seed $(SEED)) $(if $(KILLS),--kills $(KILLS)) $(if $(ROWS),--rows $(ROWS)) \
		$(if $(ENGINE),--engine $(ENGINE))

fuzz: $(STAMP) ## Try the readers of files with made-up ones for SECONDS=3600; findings stay in var/fuzz
	@$(BIN)/uv pip install --quiet --require-hashes --python $(BIN)/python -r requirements/fuzz.txt
	@$(BIN)/python -m tests.uploads.feed.costs.fuzz $(or $(SECONDS),3600)

bench: $(STAMP) ## Measure against the targets and the obvious versions; ROWS=… sizes it, FULL=1 adds up to 1,000,000 rows
	@$(BIN)/python -m tests.bench $(if $(ROWS),--rows $(ROWS)) $(if $(FULL),--full) --json $(or $(JSON),var/bench.json)

SIZES = $(if $(PRODUCTS),--products $(PRODUCTS)) $(if $(UPLOADS),--uploads $(UPLOADS)) $(if $(ROWS),--rows $(ROWS))

fill: $(STAMP) ## Fill the database as years would: PRODUCTS=… UPLOADS=… ROWS=… size it, MORE=1 adds to one in use
	@$(BIN)/python -m tests.bench.pages.fill $(SIZES) $(if $(MORE),--more)

pages: $(STAMP) ## Time every page on a full database, in var/pages unless DATABASE_URL or EMBEDDED_DIR is set
	@EMBEDDED_DIR="$${EMBEDDED_DIR:-$(CURDIR)/var/pages}" $(BIN)/python -m tests.bench.pages $(SIZES) \
		$(if $(ONLY),--only "$(ONLY)") $(if $(JSON),--json $(JSON))

load: $(STAMP) ## Have VENDORS=50 send files at once for MINUTES=5 while people look at pages; ROWS=… of a file, EVERY=… seconds
	@$(BIN)/python -m tests.bench.load $(if $(VENDORS),--vendors $(VENDORS)) $(if $(MINUTES),--minutes $(MINUTES)) \
		$(if $(ROWS),--rows $(ROWS)) $(if $(EVERY),--every $(EVERY))

## Check it, and keep it in order
lint: $(STAMP) ## Format, style, who imports whom, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-logo --no-cache
	$(BIN)/mypy .

check: lint ## Lint, migrations, Django's own checks
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py check

format: $(STAMP) ## Put the code into the project's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(STAMP) ## Compile requirements/*.in to hash-locked *.txt
	@for name in uv base prod endpoint tracing dev fuzz; do \
		$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet \
			requirements/$$name.in -o requirements/$$name.txt || exit 1; done

clean: ## Stop everything and delete .venv, data and caches
	@if test -x $(BIN)/python; then $(BIN)/python -m config.embedded down; fi
	rm -rf .venv var staticfiles htmlcov .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
