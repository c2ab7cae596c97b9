# Everything a newcomer needs: `make lab` to learn, `make test` to check.  Both share the set-up
# (tools/setup_env.py), which does nothing the second time.

PYTHON ?= python3
VENV   ?= .venv
LESSON ?= notebooks/00_start_here.ipynb
LAB_ARGS ?=

BIN := $(abspath $(VENV))/bin
RUN := PATH="$(BIN):$$PATH" $(BIN)/python

.DEFAULT_GOAL := help
.PHONY: help lab test env env-test images unit integration guest notebooks browser user-tests lint figures bench execute clean

help:  ## show this text
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

lab: env images  ## set up, make the base images, open JupyterLab on the first lesson
	@$(RUN) tools/open_lab.py $(LESSON) $(LAB_ARGS)

test: env-test  ## set up and run every test; as root also once more as an ordinary user
	@$(RUN) tools/run_tests.py

env:  ## create or refresh the environment for the notebooks
	@$(PYTHON) tools/setup_env.py --venv $(VENV) lab

env-test:  ## the same, with what the tests need
	@$(PYTHON) tools/setup_env.py --venv $(VENV) lab test

images: env  ## make the base images (no registry needed)
	@PATH="$(BIN):$$PATH" minidocker image bootstrap

unit: env-test  ## tests that need no privileges and no engine
	@$(RUN) -m pytest tests/unit tests/test_architecture.py tests/test_environment.py

integration: env-test  ## tests on real namespaces
	@$(RUN) -m pytest tests/integration tests/conformance

guest: env-test  ## tests in a virtual machine with pure cgroup v2 (needs qemu)
	@$(RUN) -m pytest tests/guest -n2 --timeout=400

notebooks: env-test  ## strict nbval, twice in a row
	@$(RUN) -m pytest tests/notebooks

browser: env-test  ## the lessons in JupyterLab and headless Chromium
	@$(RUN) -m pytest tests/browser

user-tests: env-test  ## (as root) the integration tests as an ordinary user
	@$(RUN) tools/run_tests.py --only-user

lint: env-test  ## ruff, mypy, import layers
	@$(RUN) -m pytest tests/test_linters.py tests/test_architecture.py

figures: env  ## draw the figures under assets/ anew
	@$(RUN) -m pyminidocker.widgets.figures assets

bench: env-test  ## measure against the peers that are installed
	@$(RUN) -m benchmarks

execute: env-test  ## run the notebooks anew and store their outputs
	@$(RUN) -m tests.notebooks.execute

clean:  ## stop the engine and remove the environment (images and volumes stay)
	-@PATH="$(BIN):$$PATH" minidocker system stop
	rm -rf $(VENV)
