# Every target sets up what it needs: uv, where it is missing, and the virtual environment .venv.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
UV = $(shell command -v uv || echo .uv/bin/uv)

.PHONY: repro test fuzz ui lint shuffle depth bench lock clean help
help:           ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/:/'

repro: $(READY) ## run the stages that are not up to date; the last ones show the comparison, and where the page is
	$(BIN)/dvc repro

# by file: under pytest 9.2 xdist 3.8 does not see its groups (pytest-xdist issue 1386), and says nothing of it
test: $(READY)  ## run all tests, a file at a time for each core
	$(BIN)/pytest -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

lint: $(READY)  ## check style, types and who imports whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fuzz: $(READY)  ## decode 50,000 damaged files; names the seeds of those that are not taken as they should be
	$(BIN)/python -m tests.support.fuzz

ui: $(READY)    ## open MLflow on the runs of this folder, and print the address of their table
	$(BIN)/python -m pixelproof.tracking.store.view

shuffle: $(READY) ## after repro: train both models on shuffled pixels, too; writes reports/shuffle/
	$(BIN)/python -m stages.shuffle_test

depth: $(READY) ## after repro: train the article's network with more and more blocks; writes reports/depth/
	$(BIN)/python -m stages.depth_test

bench: $(READY) ## measure this project beside its peers; writes benchmarks/results.json and results.md
	$(BIN)/python -m benchmarks.run

lock: .uv/bin/uv ## resolve the ranges of pyproject.toml anew
	$(UV) pip compile pyproject.toml --extra dev --universal --generate-hashes --python-version 3.11 \
		--no-emit-index-url --no-emit-find-links --no-header --upgrade --quiet -o requirements.lock

clean:          ## delete the environment and all that the pipeline made, but not MLflow's runs and DVC's cache
	rm -rf .venv .uv data/raw data/ingested data/resized data/augmented data/splits.csv models reports/plots $(filter-out .work/undelivered,$(wildcard .work/*))

$(READY): requirements.lock pyproject.toml
	@command -v uv >/dev/null || $(MAKE) --no-print-directory .uv/bin/uv
	@$(UV) venv --quiet --allow-existing --python ">=3.11" .venv
	@$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

.uv/bin/uv: requirements-uv.lock
	$(PYTHON) -m venv .uv
	.uv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@touch $@
