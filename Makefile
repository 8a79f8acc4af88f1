# `make up` brings the whole platform up in the sandbox; `make test` proves it. Both do all their own set-up.
PYTHON ?= python3
SHELL := /bin/bash
STACK := sandbox
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: up down test test-all check lint unit parity upgrade rootless lock setup scenarios bench pages

up: setup
	@. .venv/bin/activate && mech sandbox start
	@. .venv/bin/activate && pulumi stack select --create $(STACK) >/dev/null \
	  && mech recover && mech up --stack $(STACK) $(if $(VERBOSE),--verbose) \
	  && mech sandbox shell -- mech status --stack $(STACK) --wait 90

# Destroys the stack. MongoDB's and Redis' data stay on their block storage; the next `make up` finds them.
down:
	@. .venv/bin/activate && mech recover --stack $(STACK) && pulumi destroy --yes --stack $(STACK) --suppress-permalink=true
	@.venv/bin/mech sandbox stop
	@echo "MongoDB's and Redis' data are kept; \`mech sandbox reset\` removes them too."

setup:
	@$(PYTHON) -m engine setup

# The stacks' config and program against the policies, under mocks: no root, no cloud, some seconds.
check: .venv/stamp
	@.venv/bin/mech policy check --stack sandbox --stack prod

SHELL_FILES = $(wildcard $(shell git ls-files -co --exclude-standard '*.sh')) .ci/run

lint: .venv/stamp
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check -q .
	@.venv/bin/mypy
	@.venv/bin/shellcheck $(SHELL_FILES)
	@.venv/bin/shfmt -d -i 2 -ci $(SHELL_FILES)
	@.venv/bin/python -m policies.docs --check
	@.venv/bin/python -m mech_infra.config.page --check
	@.venv/bin/python -m tests.scenarios.page --check
	@.venv/bin/python -m tests.scenarios.causes --check
	@.venv/bin/python -m tests.upgrade plans --check

unit: .venv/stamp
	@.venv/bin/pytest -q tests/unit

# The stand-ins against the recorded calls of the official plugins, field by field: no root, some seconds.
parity: .venv/stamp
	@.venv/bin/pytest -q tests/parity

# Today's program on what each release left, by the real engine, without a platform: no root, a minute.
upgrade: .venv/stamp
	@.venv/bin/pytest -q -n 3 tests/upgrade

.venv/stamp: requirements.lock
	@$(PYTHON) -m engine environment
	@touch $@

# What needs no root, whole; then what the change needs of the tests of the real engine, the most telling first. It takes
# 25 min at most (MECH_TEST_MINUTES) from when it is set up, and says what it left out. MECH_SELECTION_RECORD=1 notes anew
# what it runs. The tests' sandboxes are their own.
PYTEST := $(if $(MECH_SELECTION_RECORD),python -m tests.selection record,pytest)
test: setup
	@began=$$(date +%s) && $(MAKE) --no-print-directory lint check rootless && . .venv/bin/activate \
	  && MECH_TEST_BEGAN=$$began $(PYTEST) -q -p tests.selection.plugin tests/sandbox tests/scenarios

# Everything, whatever the time; notes what each test ran (tests/selection/touched.json, to be committed).
test-all: setup lint check rootless
	@. .venv/bin/activate && python -m tests.selection record -q

# unit, parity and upgrade, side by side.
rootless: .venv/stamp
	@.venv/bin/pytest -q -n 3 tests/unit tests/parity tests/upgrade

# Every failure of the guide: broken, seen, healed, clean. MECH_SCENARIO_PART=2/3 runs a part, -k in ARGS some,
# MECH_SCENARIO_ALONE=1 each on a fresh sandbox.
scenarios: setup
	@. .venv/bin/activate && pytest -v tests/scenarios $(ARGS)

# What the policy pack adds to a preview of 1,000 resources; needs the sandbox (`make up`) and a machine at rest.
bench: setup
	@. .venv/bin/activate && python -m tests.bench.policies $(ARGS)

# The page of `mech diagnose` in a real browser, wide and as a phone has it; writes docs/pages/*.png. Root, where Debian's
# chromium is still to be installed.
pages: .venv/stamp
	@{ command -v chromium && command -v pngquant; } >/dev/null || { apt-get update -qq \
	  && apt-get install -y -qq --no-install-recommends chromium pngquant fonts-dejavu-core >/dev/null; }
	@$$($(PYTHON) -m engine uv) pip install -q --python .venv/bin/python --require-hashes -r tests/pages/requirements.lock
	@.venv/bin/python -m tests.pages

LOCK = $$($(PYTHON) -m engine uv) pip compile -q --generate-hashes --no-emit-index-url --no-header
lock:
	@$(LOCK) --all-extras pyproject.toml -o requirements.lock
	@$(LOCK) -c requirements.lock tests/pages/requirements.in -o tests/pages/requirements.lock
