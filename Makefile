# Orchestrace. `make` alone lists the targets.
#
# demo, test and check each make their own virtual environment on first use, with nothing but python3, venv and pip,
# and keep it until pyproject.toml or constraints.txt changes. PYTHON=python3.12 make test uses another interpreter
# (run `make clean` when you change it).

PYTHON ?= python3
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo picture browser test test-slow test-backends test-oldest test-pythons tables compatibility backends bench soak check lint style types pyright verifytypes layers format constraints clean

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# The type checker's wheel brings its own JavaScript and Node: it has nothing to look for elsewhere.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

# What was compiled is kept, whatever the machine says about that: the tests start hundreds of programs, and each would
# compile anew all that it imports.
export PYTHONDONTWRITEBYTECODE :=

# What each environment installs besides the package itself.
demo_needs := -e '.[cli,demo,prices]'
test_needs := -e '.[cli,demo]' --group test
check_needs := -e '.[cli,demo]' --group check
versions_needs := -e '.[cli,demo]' --group versions
bench_needs := -e '.[demo]' --group bench

# Ours, and one for each of those that it is compared with.
contenders := .venv-bench/ready $(patsubst benchmarks/environments/%.txt,.build/bench/%/ready,$(wildcard benchmarks/environments/*.txt))

DEMO := .venv-demo/bin/
TEST := .venv-test/bin/
CHECK := .venv-check/bin/

help: ## List the targets
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

demo: .venv-demo/ready ## Run the demo agent against a local replay server and print its traces
	@$(DEMO)python examples/demo.py

# What `show` and the page make of the demo's runs, as the README shows them.
picture: .venv-test/ready ## Renew the pictures of the README; needs a browser
	@ORCHESTRACE_JOURNAL=$$(mktemp -d) $(TEST)python examples/demo.py docs/trace.svg > /dev/null
	@$(TEST)python docs/story.py docs/story.png

browser: ## Install Chromium for the tests of the page, where there is no browser; on Debian, as root
	@for name in chromium chromium-browser google-chrome google-chrome-stable microsoft-edge; do \
		if command -v $$name >/dev/null; then echo "a browser is there: $$name"; exit 0; fi; \
	done; \
	{ timeout 120 apt-get update -qq && DEBIAN_FRONTEND=noninteractive timeout 300 apt-get install -qq -y --no-install-recommends \
		chromium fonts-dejavu-core >/dev/null; } || echo "no browser could be installed: the tests of the page are skipped"

test: .venv-test/ready ## Run the tests, on all cores
	@$(TEST)python -m pytest -n auto --dist worksteal

test-slow: .venv-test/ready ## Run those tests that take many seconds each, which the others leave out
	@$(TEST)python -m pytest -n auto --dist worksteal -m slow

test-backends: .venv-test/ready .build/backends/ready ## Run the tests against a real collector and a real Jaeger
	@$(TEST)python -m pytest -m backends tests/backends

tables: .venv-test/ready .build/backends/ready ## Renew docs/jaeger.md and its pictures from a run of those tests
	@$(TEST)python -m pytest -m backends --tables tests/backends

compatibility: .venv-test/ready ## Renew docs/compatibility.md from the tests that its tables stand for
	@$(TEST)python -m pytest -q -n auto -m compatibility --compatibility docs/compatibility.md tests/guests tests/living \
		tests/context tests/streams

test-oldest: .venv-oldest/ready ## Run the tests of tests/versions with the oldest versions that we claim
	@.venv-oldest/bin/python -m pytest -q tests/versions

# One environment after the other: each is as large as the first.
test-pythons: ## Run them with the newest versions on every Python from 3.10 on that this machine has
	@for python in python3.10 python3.11 python3.12 python3.13 python3.14; do \
		if $$python -c '' 2>/dev/null; then \
			echo "== $$python"; $(MAKE) --no-print-directory PYTHON=$$python .venv-on-$$python/ready; \
			.venv-on-$$python/bin/python -m pytest -q tests/versions; \
		fi; \
	done

backends: .build/backends/ready ## Build that collector and that Jaeger from Go modules; needs Go, takes minutes, once

bench: $(contenders) ## Measure what we cost beside our peers, and renew docs/benchmarks.md (a quarter of an hour)
	@.venv-bench/bin/python benchmarks/everything.py

soak: .venv-bench/ready ## 100,000 calls, threads and asyncio, before a receiver that comes and goes (some minutes)
	@.venv-bench/bin/python benchmarks/soak.py

check: lint style types pyright verifytypes layers ## Lint, formatting, types by two checkers, layers

lint: .venv-check/ready
	@$(CHECK)ruff check

style: .venv-check/ready
	@$(CHECK)ruff format --check

types: .venv-check/ready
	@$(CHECK)mypy

pyright: .venv-check/ready
	@$(CHECK)pyright --pythonpath $(CHECK)python

# Every public name has a complete type, as users' checkers see the installed package.
verifytypes: .venv-check/ready
	@PATH="$(CURDIR)/$(CHECK):$$PATH" pyright --verifytypes orchestrace --ignoreexternal

layers: .venv-check/ready
	@$(CHECK)lint-imports

format: .venv-check/ready ## Format the code and apply the safe fixes of the linter
	@$(CHECK)ruff check --fix
	@$(CHECK)ruff format

define made
	@echo "making .venv-$* (once; a minute or so)"
	@test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip install --quiet --upgrade --constraint constraints.txt pip
	@$(@D)/bin/python -m pip install --quiet --no-compile --constraint $(1) --build-constraint constraints.txt $(2)
	@touch $@
endef

# pip comes first: the one of a bare machine may not know dependency groups.
.venv-%/ready: pyproject.toml constraints.txt
	$(call made,constraints.txt,$($*_needs))

.venv-on-%/ready: pyproject.toml constraints.txt
	$(call made,constraints.txt,$(versions_needs))

.venv-oldest/ready: pyproject.toml constraints.txt constraints-oldest.txt
	$(call made,constraints-oldest.txt,$(versions_needs))

# What such a file pins itself goes before constraints.txt.
.build/bench/%/ready: benchmarks/environments/%.txt constraints.txt
	@echo "making $(@D) (once; some seconds)"
	@test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	@sed -nE 's/^([a-z0-9-]+==).*/^\1/p' $< | { grep -vf - constraints.txt || true; } > $(@D)/constraints.txt
	@$(@D)/bin/python -m pip install --quiet --upgrade --constraint constraints.txt pip
	@$(@D)/bin/python -m pip install --quiet --constraint $(@D)/constraints.txt --requirement $<
	@touch $@

.build/backends/ready: backends/build backends/collector/manifest.yaml backends/collector/go.sum
	@backends/build
	@touch $@

# Versions younger than a week are left alone: what is broken or malicious is usually found by then. The provider SDKs
# are the exception: a change there that breaks us should be seen at once.
constraints: ## Renew constraints.txt from a fresh resolve
	@rm -rf .build/constraints
	@$(PYTHON) -m venv .build/constraints
	@.build/constraints/bin/python -m pip install --quiet --upgrade pip
	@.build/constraints/bin/python -m pip install --quiet --uploaded-prior-to P7D --upgrade --upgrade-strategy eager \
		pip hatchling editables -e '.[cli,demo]' --group check
	@.build/constraints/bin/python -m pip install --quiet --upgrade openai anthropic
	@.build/constraints/bin/python .ci/constraints.py > .build/constraints.txt
	@mv .build/constraints.txt constraints.txt

clean: ## Remove environments and caches
	rm -rf .venv-* .build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
