# `make up` brings the whole platform up in the sandbox; `make test` proves it. Both do all their own set-up.
PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: up down test check lock setup

setup:
	@$(PYTHON) -m engine setup

check: .venv/stamp
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check -q .
	@.venv/bin/mypy
	@.venv/bin/pytest -q tests/unit

.venv/stamp: requirements.lock
	@$(PYTHON) -m engine environment
	@touch $@

test: .venv/stamp
	@.venv/bin/pytest tests/unit

lock:
	@uv pip compile -q --all-extras --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements.lock
