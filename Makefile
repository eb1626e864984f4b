# What you or a CI runner types. Each target says what it does in `make help`; the work itself is in scripts/.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
# Outside the checkout, so that a clean clone stays small and builds are shared between clones.
export CARGO_TARGET_DIR ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/sanchay/target
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Tests and checks of one engine build each crate once; incremental state would only cost space and time.
export CARGO_INCREMENTAL ?= 0
export CARGO_TERM_COLOR ?= auto
# The folder that `make run` catalogs; empty: the Python installation's own.
export DIR :=

PACKAGES := proto daemon ctl tray
WHEELS := build/wheels
# Tests wait a third of their time, for daemons and clocks: twice as many workers as processors, up to eight, fill it.
WORKERS := $(shell cores=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); echo $$((cores < 4 ? 2 * cores : 8)))
CARGO := cd engine && cargo
# Tests stop an act at each of its steps; what is built for use has no such points.
FAILPOINTS := --features sanchay-engine/failpoints
MESSAGES := $(wildcard tray/sanchay_tray/locale/*/LC_MESSAGES/*.po)
ENGINE_SOURCES := $(shell find engine -not -path '*/target/*' \( -type d -o -name '*.rs' -o -name '*.sql' -o -name '*.py' \
    -o -name '*.pyi' -o -name '*.typed' -o -name 'Cargo.*' -o -name 'pyproject.toml' \) -not -name '__pycache__')

.PHONY: help
help: ## shows this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)$$/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "  make %-18s %s\n", $$1, $$2}'

# ---- Set-up: each step leaves a stamp, so that a second call does only what changed ----

.PHONY: install
install: $(VENV)/.engine $(VENV)/.compiled ## makes .venv with the engine (release mode), the daemon and sanchayctl
	@echo "Installed: $(BIN)/sanchayctl and $(BIN)/sanchayd (README.md says how to have them on your PATH)"

# Rust is asked for before anything is downloaded: that it is missing is said at once.
.PHONY: require-rust
require-rust:
	@scripts/require_rust.sh

$(VENV)/.runtime: requirements/runtime.txt requirements/build.txt | require-rust
	@python=$$(scripts/find_python.sh) && scripts/make_venv.sh $(VENV) "$$python"
	@echo "Installing the pinned requirements"
	@scripts/install_requirements.sh $(BIN)/python requirements/runtime.txt requirements/build.txt
	@touch $@

$(VENV)/.window: $(VENV)/.runtime requirements/window.txt
	@echo "Installing what the icon and the window use"
	@scripts/install_requirements.sh $(BIN)/python requirements/window.txt
	@touch $@

$(VENV)/.dev: $(VENV)/.window requirements/dev.txt
	@echo "Installing what the checks and tests use"
	@scripts/install_requirements.sh $(BIN)/python requirements/dev.txt
	@touch $@

# One wheel serves every environment here, whatever its Python.
$(WHEELS)/.built: $(ENGINE_SOURCES) | $(VENV)/.runtime
	@echo "Building the engine in release mode (some minutes the first time, seconds later)"
	@scripts/build_engine.sh $(BIN) $(WHEELS)
	@touch $@

$(VENV)/.engine: $(VENV)/.runtime $(WHEELS)/.built
	@$(BIN)/python -m pip install --quiet --no-deps --no-index --force-reinstall $(WHEELS)/sanchay_engine-*.whl
	@touch $@

$(VENV)/.sanchay: $(VENV)/.runtime pyproject.toml scripts/write_program.sh scripts/compile_messages.py $(MESSAGES)
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@scripts/write_program.sh "$(CURDIR)/$(BIN)/python" $(BIN)/sanchayctl
	@touch $@

# Compiled here and not by the first command, nor by every one where PYTHONDONTWRITEBYTECODE is set.
$(VENV)/.compiled: $(VENV)/.sanchay $(shell find $(PACKAGES) -name '*.py')
	@$(BIN)/python -m compileall -q $(PACKAGES)
	@touch $@

# ---- Use ----

.PHONY: run
run: install ## catalogs DIR=PATH (default: Python's own folder) with a daemon under .sanchay, and shows what is in it
	@SANCHAY_HOME="$(CURDIR)/.sanchay" $(BIN)/python -m sanchayctl.first_run "$${DIR:-$$($(BIN)/python -c 'import sys; print(sys.base_prefix)')}"

.PHONY: window
window: install $(VENV)/.window ## opens the icon and the window on the daemon of `make run` (DIR=PATH: adds that folder first)
	@SANCHAY_HOME="$(CURDIR)/.sanchay" $(BIN)/python -m sanchay_tray.first_run "$$DIR"

.PHONY: man
man: install ## writes a manual page for each command into build/man/man1 (MAN=FOLDER: into another folder)
	@$(BIN)/sanchayctl man "$(or $(MAN),build/man/man1)"

.PHONY: demo
demo: install ## records the session in README.md again, from a real run
	$(BIN)/python scripts/demo.py

# ---- Checks and tests ----

.PHONY: test
test: check-python check-rust check-workflows test-rust test-python ## runs every check and every test
	@echo "All checks and tests passed"

.PHONY: check-python
check-python: install $(VENV)/.dev ## formatting, lints, types, import contracts and stub drift of the Python code
	$(BIN)/python -m black --check --quiet . || { echo "black would change files: make format"; exit 1; }
	$(BIN)/python -m isort --check-only --quiet . || { echo "isort would change files: make format"; exit 1; }
	$(BIN)/python -m ruff check --quiet .
	$(BIN)/python -m mypy $(PACKAGES) engine/python tests
	$(BIN)/python -m mypy.stubtest sanchay_engine._native --concise --allowlist tests/contract/stubtest_allowlist.txt
	$(BIN)/lint-imports --no-cache
	$(BIN)/python proto/generate.py --check
	$(BIN)/python proto/blocking.py --check

.PHONY: check-rust
check-rust: require-rust ## formatting and lints of the Rust code
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets $(FAILPOINTS) --locked --quiet -- -D warnings

.PHONY: check-workflows
check-workflows: ## zizmor and actionlint on .github/workflows (what is not installed is said and skipped)
	@PATH="$(CURDIR)/$(BIN):$$PATH" scripts/check_workflows.sh

.PHONY: test-rust
test-rust: require-rust ## tests of the Rust crates
	$(CARGO) test --workspace --exclude sanchay-py $(FAILPOINTS) --locked --quiet

.PHONY: test-python
test-python: install $(VENV)/.dev ## Python tests of every kind, with coverage of 90 % or more
	$(BIN)/python -m coverage erase
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --cov --cov-report=term -q -rfE

# The oldest supported Python has its own environment, and runs what needs no long-lived daemons.
.PHONY: test-oldest
test-oldest: ## unit and contract tests under Python 3.10
	python=$$(scripts/find_python.sh 3.10) && \
	$(MAKE) --no-print-directory VENV=.venv-3.10 PYTHON="$$python" install .venv-3.10/.dev && \
	.venv-3.10/bin/python -m pytest -n $(WORKERS) --dist worksteal -q -rfE tests/unit tests/contract

.PHONY: check-platforms
check-platforms: ## type-checks for Windows and macOS, and tests under Wine (what is not installed is said and skipped)
	scripts/check_platforms.sh

.PHONY: bench
bench: install ## measures Sanchay, the floor and every peer on PATH in one run (BENCH_OPTIONS="--help" lists options)
	$(BIN)/python -m tests.bench.run $(BENCH_OPTIONS)

# ---- Upkeep ----

.PHONY: format
format: $(VENV)/.dev ## formats the Python and the Rust code
	$(BIN)/python -m isort --quiet .
	$(BIN)/python -m black --quiet .
	$(BIN)/python -m ruff check --fix --quiet .
	$(BIN)/python proto/blocking.py
	$(CARGO) fmt --all

.PHONY: screenshots
screenshots: install $(VENV)/.window ## pictures of every page into build/screenshots: light and dark, empty, full and broken, both languages
	QT_QPA_PLATFORM=offscreen $(BIN)/python scripts/screenshots.py build/screenshots $(PAGES)

.PHONY: messages
messages: $(VENV)/.dev ## brings the translations of icon and window up to date with their texts
	PYTHONPATH=proto $(BIN)/python scripts/messages.py

.PHONY: stubs
stubs: ## writes the gRPC stubs again, with the oldest supported tools in a separate environment
	$(MAKE) --no-print-directory VENV=.venv-stubs .venv-stubs/.stubs
	.venv-stubs/bin/python proto/generate.py

.PHONY: check-stubs
check-stubs: ## compares the committed gRPC stubs, byte for byte, with what those tools make
	$(MAKE) --no-print-directory VENV=.venv-stubs .venv-stubs/.stubs
	.venv-stubs/bin/python proto/generate.py --check

.venv-stubs/.stubs: requirements/stubs.txt
	@python=$$(scripts/find_python.sh 3.10) && scripts/make_venv.sh .venv-stubs "$$python"
	@scripts/install_requirements.sh .venv-stubs/bin/python requirements/stubs.txt
	@touch $@

.PHONY: requirements
requirements: $(VENV)/.dev ## pins the requirements again (UPGRADE=1 takes newer versions)
	PATH="$(CURDIR)/$(BIN):$$PATH" scripts/compile_requirements.sh $(if $(UPGRADE),--upgrade)

.PHONY: clean
clean: ## removes what the other targets made here; the daemon of `make run` is stopped first
	@if [ -x $(BIN)/sanchayctl ] && [ -d .sanchay ]; then SANCHAY_HOME="$(CURDIR)/.sanchay" $(BIN)/sanchayctl daemon stop || true; fi
	rm -rf .venv .venv-3.10 .venv-stubs .sanchay .cache dist build
	rm -rf .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
