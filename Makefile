PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
OLDEST := .venv-oldest
OLDEST_INSTALLED := $(OLDEST)/.installed

.PHONY: demo test test-slow test-oldest lint docs bench starter clean

$(INSTALLED): pyproject.toml constraints.txt
	@echo "Installing into $(VENV), about 3 GB; this takes a few minutes"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@

# The oldest releases that pyproject.toml allows; most have no wheels for a Python later than 3.11.
$(OLDEST_INSTALLED): pyproject.toml constraints-oldest.txt
	@echo "Installing into $(OLDEST), about 3 GB; this takes a few minutes"
	$(PYTHON) -m venv $(OLDEST)
	$(OLDEST)/bin/pip install --quiet --constraint constraints-oldest.txt --editable ".[fast,sicd,test]"
	touch $@

# Simulates a small world, maps and scores it with the starter model, fine-tunes that, writes one page.
demo: $(INSTALLED)
	$(BIN)/oemsar demo demo

# One thread a process: the tests run in two processes, and threads of several would fight for the cores.
# Bytecode is kept even where the environment forbids it, since the tests start many processes of the package.
test: $(INSTALLED)
	PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow"

# The same tests with the oldest releases that pyproject.toml allows.
test-oldest: $(OLDEST_INSTALLED)
	OMP_NUM_THREADS=1 $(OLDEST)/bin/python -m pytest -n 2 --dist worksteal -m "not slow"

test-slow: $(INSTALLED)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m slow

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The guide and the pages of the Python interface, in site/index.html; a warning is an error.
docs: $(INSTALLED)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet --site-dir site
	@echo "Guide: $(CURDIR)/site/index.html"

# Each prints a ratio of two sides measured in one run; takes about an hour and a half on two cores.
bench: $(INSTALLED)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[bench]"
	for script in crops confusion inference predict_rate predict_memory selective_scan segments dataset_statistics radiometry align polygons starter_rate; do $(BIN)/python benchmarks/$$script.py || exit 1; done

# Trains the model that comes with the package on worlds that it simulates; some hours on two cores, resumable.
starter: $(INSTALLED)
	$(BIN)/python scripts/starter.py

clean:
	rm -rf $(VENV) $(OLDEST) demo site starter-work .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
