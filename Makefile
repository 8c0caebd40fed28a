# One door to everything; `make` alone lists what there is. Needs Python 3.11 with pip, nothing else.
#   make run PORT=8000 VAR_DIR=/srv/golub WORKERS=4        settings: .env.example
#   make test ARGS="tests/launcher -x"                     arguments for pytest

COVERAGE_MINIMUM = 92
# `make test COVERAGE=1` also measures which lines and branches of mailer/ are reached, in the same run.
MEASURED = $(if $(COVERAGE),--cov --cov-report=$(COVERAGE_REPORT) --cov-fail-under=$(COVERAGE_MINIMUM))
ARGS =
TOOLS = var/lock-tools
VERSION_OF_UV = 0.13.8

.PHONY: help run setup setup-dev test test-quick test-walkabout coverage test-faults test-calendar model mutants bench bench-list bench-redirects check format programs lock translations schema

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' Makefile

run: setup ## start Golub with its database, queue and mail catcher; Ctrl+C stops everything
	@exec .venv/bin/python -m launcher --stop-with-parent

setup: ## make or renew .venv, the front-end files and the compiled translations
	@$${PYTHON:-$$(command -v python3.11 || command -v python3 || echo python3.11)} launcher/environment.py
	@.venv/bin/python -m launcher.assets
	@.venv/bin/python -m launcher.translations

setup-dev: setup
	@$${PYTHON:-$$(command -v python3.11 || command -v python3)} launcher/environment.py --dev
	@.venv/bin/python -m launcher.assets --dev
	@$${PYTHON:-$$(command -v python3.11 || command -v python3)} -m launcher.bounce_samples

check: setup-dev ## everything that needs no service: linters, types, import contracts, sizes
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.ci/node_modules/@biomejs/cli-*/biome check
	.venv/bin/djlint mailer/templates --lint --quiet
	.venv/bin/lint-imports
	.venv/bin/mypy
	.venv/bin/python -m pytest -q -n 0 tests/test_house.py

test: setup-dev ## check, then all tests; what these need of the system is fetched meanwhile
	@$(MAKE) --no-print-directory -j2 check programs
	.venv/bin/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder --durations=30 --durations-min=2 $(MEASURED) $(ARGS)

coverage: ## the same, and which lines it reaches
	@$(MAKE) --no-print-directory test COVERAGE=1 COVERAGE_REPORT=term

test-quick: setup-dev ## an early warning from every room: ruff, tests without a database, some pages of each file
	@.venv/bin/ruff check -q
	.venv/bin/python -m pytest --quick -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

test-walkabout: setup-dev ## the long walk of everybody through the running service; WALKABOUT_SEED=7 repeats one
	WALKABOUT=$${WALKABOUT:-long} .venv/bin/python -m pytest tests/walkabout -s $(ARGS)

test-faults: setup-dev ## faults at full length and in large numbers; SEED=7 repeats a chance
	.venv/bin/python -m pytest tests/faults -m "faults or not faults" $(ARGS)

test-calendar: setup-dev ## random calendar rules against a walk over every day, and previews against what runs; ARGS="--rules 5000 --seed 7"
	.venv/bin/python -m tests.recurrence.walker $(ARGS)
	PREVIEWS=$${PREVIEWS:-200} .venv/bin/python -m pytest tests/mailings/test_preview_is_kept.py tests/mailings/test_waves_are_kept.py -q

model: setup-dev ## explore the sending protocol's model whole, with each rule broken in turn; needs spin and gcc
	.venv/bin/python -m tests.model

mutants: setup-dev ## faults put into the code one at a time, to see which the tests notice; ARGS="smtp --sample 60 --seed 7"
	nice -n 10 .venv/bin/python -m tests.mutation $(ARGS)

bench: setup-dev ## Golub beside raw SMTP and other tools, on this machine (20 minutes); ARGS="--help" tells more
	.venv/bin/python -m bench $(ARGS)

bench-redirects: setup-dev ## Redirects of links in mails under load (two minutes); ARGS="--help" tells more
	.venv/bin/python -m bench.redirects $(ARGS)

bench-list: setup-dev ## Pages and segments over a list of a million (a quarter of an hour); ARGS="--help" tells more
	.venv/bin/python -m bench.million $(ARGS)

format: setup-dev ## put the code into its usual form
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

programs:
	@sh .ci/browser
	@sh .ci/mail-servers
	@sh .ci/bucket-server

schema: setup-dev ## write docs/schema.md anew, after a migration or a change of a model
	.venv/bin/python -m tests.docs.schema

translations: setup-dev ## collect new texts of the pages into mailer/translations
	@mkdir -p var
	.venv/bin/pybabel -q extract -F babel.cfg -k _l -k lazy_gettext -k _n:1,2 -k ngettext:1,2 --no-wrap --sort-by-file \
		--ignore-dirs='.*' --add-location=file --project=golub --copyright-holder=Golub -o var/messages.pot mailer
	.venv/bin/pybabel -q update --no-wrap -N --ignore-pot-creation-date -i var/messages.pot -d mailer/translations
	@.venv/bin/python -m launcher.translations

lock: setup ## resolve requirements*.in into requirements*.txt with hashes
	@test -x $(TOOLS)/bin/uv || .venv/bin/python -m venv $(TOOLS)
	@test -x $(TOOLS)/bin/uv || $(TOOLS)/bin/python -m pip install -q uv==$(VERSION_OF_UV)
	for name in requirements requirements-dev requirements-node requirements-s3-server; do \
		$(TOOLS)/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header \
			$$name.in -o $$name.txt || exit 1; \
	done
	npm install --package-lock-only
