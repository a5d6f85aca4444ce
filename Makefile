# The one door: `make help` lists what it opens. GNU make, Python >= 3.11.

PYTHON ?= python3
PY := .venv/bin/python
STAMP := .venv/.installed

# One BLAS thread a process, here and wherever chapters are executed: equal sums, and parallel tests do not fight.
export OMP_NUM_THREADS := 1
# A module is compiled once, when it is first imported; a forbidden cache would have every process compile PyTorch anew.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help book page test coverage experiments bench notebook lint clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

book: $(STAMP) ## execute what has changed, build the site, say where to open it
	@$(PY) book/build_site.py

page: | $(STAMP) ## preview one page: make page PAGE=neurons/perceptron
	@$(PY) book/build_site.py --page "$(PAGE)"

test: $(STAMP) ## every test: code, chapters, the built site in a browser
	@$(PY) -m pytest -n 2 --dist loadscope --no-loadscope-reorder

coverage: $(STAMP) ## which lines and branches of code/ its tests reach: at least 95 %
	@$(PY) -m pytest -q -n 2 tests/code code --cov=deeplearning --cov-branch

experiments: $(STAMP) ## measure again what is stale
	@$(PY) -m deeplearning run --all --stale

bench: $(STAMP) ## time the engine against PyTorch and, where there is a GPU, the kernels
	@$(PY) benchmarks/run.py
	@if $(PY) -c "import sys, torch; sys.exit(not torch.cuda.is_available())"; \
	then $(PY) -m deepkernels.bench; \
	else echo "There is no CUDA device here, so no kernel was timed."; fi

notebook: $(STAMP) ## open the chapters in JupyterLab
	@$(PY) tools/bootstrap.py notebook
	@$(PY) -m jupyterlab --notebook-dir=book

lint: $(STAMP) ## style, types, import directions
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports

clean: ## remove what was built (the environment stays; rm -r .venv removes it)
	rm -rf _build .pytest_cache .hypothesis .mypy_cache .ruff_cache .import_linter_cache .coverage

$(STAMP): pyproject.toml requirements.lock tools/bootstrap.py
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed, and there is no $(PYTHON): install Python first."; exit 1; }
	@$(PYTHON) tools/bootstrap.py
