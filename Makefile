# Every target sets up what it needs: uv, where it is missing, and the virtual environment .venv.
# Programs are called as modules: the scripts of an older environment name the folder that it was made in.
PYTHON ?= python3
PYTHON_M := .venv/bin/python -m
READY := .venv/.ready
UV = $(shell command -v uv || echo .uv/bin/uv)
ANEW = $(shell head -n 2 .venv/bin/dvc 2>/dev/null | grep -q /.venv/bin/python && echo --reinstall)
# DVC and MLflow ask for the user's name, which a container's user may not have.
export LOGNAME ?= $(shell id -un 2>/dev/null)

.PHONY: setup repro test fuzz ui lint shuffle depth baselines bench lock clean help
help:           ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/:/'

setup: $(READY) ## only install what the project needs, to .venv; every other target does so, too

repro: $(READY) ## run the stages that are not up to date; the last ones show the comparison, and where the page is
	@$(PYTHON_M) stages.beginning
	$(PYTHON_M) dvc repro

# by file: under pytest 9.2 xdist 3.8 does not see its groups (pytest-xdist issue 1386), and says nothing of it
test: $(READY)  ## run all tests, a file at a time for each core
	$(PYTHON_M) pytest -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

lint: $(READY)  ## check style, types and who imports whom
	$(PYTHON_M) ruff check .
	$(PYTHON_M) ruff format --check .
	$(PYTHON_M) mypy
	.venv/bin/python -c 'from importlinter.cli import lint_imports_command as lint; lint()'

fuzz: $(READY)  ## decode 50,000 damaged files; names the seeds of those that are not taken as they should be
	$(PYTHON_M) tests.support.fuzz

ui: $(READY)    ## open MLflow on the runs of this folder, and print the address of their table
	$(PYTHON_M) pixelproof.tracking.store.view

shuffle: $(READY) ## after repro: train both models on shuffled pixels, too; writes reports/experiments/shuffle/
	$(PYTHON_M) stages.shuffle_test

depth: $(READY) ## after repro: train the article's network with more and more blocks; writes reports/experiments/depth/
	$(PYTHON_M) stages.depth_test

baselines: $(READY) ## after repro: train MLPs of several sizes beside the CNN; writes reports/experiments/baselines/
	$(PYTHON_M) stages.baselines

bench: $(READY) ## measure this project beside its peers; writes benchmarks/results.json and results.md
	$(PYTHON_M) benchmarks.run

lock: .uv/bin/uv ## resolve the ranges of pyproject.toml anew
	$(UV) pip compile pyproject.toml --extra dev --universal --generate-hashes --python-version 3.11 \
		--no-emit-index-url --no-emit-find-links --no-header --upgrade --quiet -o requirements.lock

clean:          ## delete the environment and all that the pipeline made, but not MLflow's runs and DVC's cache
	rm -rf .venv .uv data/raw data/ingested data/resized data/augmented data/splits.csv models reports/plots $(filter-out .work/undelivered,$(wildcard .work/*))

# The environment follows the folder wherever it is moved or copied: its scripts look for Python beside themselves, and
# the project is found by a path relative to site-packages. Scripts of an environment that was not made so are made anew.
$(READY): requirements.lock pyproject.toml
	@command -v uv >/dev/null || $(MAKE) --no-print-directory --silent .uv/bin/uv
	@$(UV) venv --quiet --allow-existing --relocatable --python ">=3.11" .venv
	@$(UV) pip install --quiet --compile-bytecode $(ANEW) --python .venv/bin/python --require-hashes -r requirements.lock
	@$(UV) pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
	@for path in .venv/lib/python*/site-packages/_editable_impl_pixelproof.pth; do echo ../../../.. > $$path; done
	@touch $@

.uv/bin/uv: requirements-uv.lock
	$(PYTHON) -m venv .uv
	.uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@touch $@
