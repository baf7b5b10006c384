# Everything lives in $(VENV); nothing outside this folder is touched.
PYTHON ?= python3.11
VENV ?= .venv
CORES ?= all
BIN := $(VENV)/bin

.PHONY: run test lint manual clean

run: $(VENV)/.run ## the main job on the embedded data sets: tables, figures, results/*/report.html
	$(BIN)/snakemake --cores $(CORES) --resources gpu=1
	@echo "Look at: results/photographs/report.html results/centred/report.html results/uniform/report.html"

test: $(VENV)/.dev
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile rules benchmarks
	$(BIN)/snakemake --lint

manual: $(VENV)/.run ## docs/config.md, docs/tables.md, config/schema.json and the table of input sizes, from the code and libraries they describe
	$(BIN)/shiftscope manual

clean:
	rm -rf $(VENV) .snakemake results

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[photographs]"
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[photographs,dev,slurm]"
	@touch $@
