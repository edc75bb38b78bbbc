# Two commands: `make study` runs the default study from its raw file to its report, `make test` passes the tests.
# Both set up their own virtual environment from the hashed lock first.
SHELL := /bin/bash
PYTHON ?= python3
CORES ?= all
VENV := .venv
BIN := $(VENV)/bin
STUDY ?= config/config.yaml
RESULTS ?= results/opt
OUT ?= compare.html
FAIL_ON ?= nothing
export PYTHONHASHSEED := 0
# read by the recipes from the environment, so that no shell takes a name for a command
export A B OUT FAIL_ON RESULTS LABEL DATA FORMAT DELIMITER ENCODING SHEET

.PHONY: study plan compare keep publish sizes test verify-run unlock verify bench check lint format gallery schema dictionary lock clean help

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# Nothing is said on standard output: `make dictionary DATA=... > config/mine.yaml` may be the first command of all.
$(VENV)/.ready: envs/lock.txt
	@echo "Setting up $(VENV), once; it takes some minutes" >&2
	@$(PYTHON) -m venv $(VENV) >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r envs/lock.txt >&2
	@touch $@

$(VENV)/.ready-dev: envs/lock-dev.txt $(VENV)/.ready
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r envs/lock-dev.txt >&2
	@touch $@

study: $(VENV)/.ready ## run a study to its report (STUDY=config/mine.yaml CORES=all)
	@$(BIN)/python workflow/scripts/readable.py --study $(STUDY)
	$(BIN)/snakemake --cores $(CORES) --configfile $(STUDY)

check: $(VENV)/.ready ## validate a study and its data and say what a run would cost
	@$(BIN)/python workflow/scripts/readable.py --study $(STUDY)
	$(BIN)/snakemake check --quiet all --cores 1 --configfile $(STUDY)

plan: $(VENV)/.ready ## freeze the analysis plan beside the study file, before outcomes are read
	@$(BIN)/python workflow/scripts/readable.py --study $(STUDY)
	$(BIN)/snakemake plan --quiet all --cores 1 --configfile $(STUDY)

publish: $(VENV)/.ready ## the public form of a finished study: results/<study>/crate/ and a zip
	@$(BIN)/python workflow/scripts/readable.py --study $(STUDY)
	$(BIN)/snakemake publish --quiet all --cores $(CORES) --configfile $(STUDY)

compare: $(VENV)/.ready ## what changed between two runs (A=results/x B=results/y OUT=compare.html FAIL_ON=conclusion)
	@test -n "$$A" -a -n "$$B" || { echo "Say which runs: make compare A=results/kept/opt-before B=results/opt"; exit 2; }
	@$(BIN)/python workflow/scripts/compare.py --a="$$A" --b="$$B" --page="$$OUT" --fail-on="$$FAIL_ON"

keep: $(VENV)/.ready ## keep a run's aggregates to compare a rerun with (RESULTS=results/x LABEL=before)
	@test -n "$$RESULTS" -a -n "$$LABEL" || { echo "Say which run, and a label: make keep RESULTS=results/opt LABEL=before"; exit 2; }
	@$(BIN)/python workflow/scripts/keep.py --results="$$RESULTS" --label="$$LABEL"

verify-run: $(VENV)/.ready ## make a finished run's manifest again and say what differs
	@$(BIN)/python workflow/scripts/verify_run.py --study $(STUDY)

unlock: $(VENV)/.ready ## free a study whose run was killed
	$(BIN)/snakemake --unlock --cores 1 --configfile $(STUDY)

sizes: $(VENV)/.ready ## what the jobs of an earlier run took, and what they ask of a cluster
	@$(BIN)/python workflow/scripts/sizes.py --study $(STUDY)

test: $(VENV)/.ready-dev ## lint and test
	$(MAKE) lint
	$(BIN)/python -m pytest -n 2 --dist loadgroup

verify: $(VENV)/.ready-dev ## the full statistical validation (hours)
	$(BIN)/python -m pytest -m verify tests

bench: $(VENV)/.ready-dev ## ratios of speed and memory, measured in one run
	$(BIN)/python benchmarks/graph.py
	$(BIN)/python benchmarks/overhead.py
	$(BIN)/python benchmarks/imputation.py
	$(BIN)/python benchmarks/estimates.py
	$(BIN)/python benchmarks/forest.py speed large threads scaling million
	$(BIN)/python benchmarks/missingness.py --large

lint: $(VENV)/.ready-dev ## ruff, mypy, snakefmt, snakemake --lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy workflow/hetflow workflow/scripts
	$(BIN)/snakefmt --check Snakefile workflow examples
	$(BIN)/snakemake --lint --quiet

format: $(VENV)/.ready-dev ## format all code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow examples

gallery: $(VENV)/.ready ## the README's pictures, of a finished report (RESULTS=results/opt; needs chromium)
	@$(BIN)/python workflow/scripts/gallery.py --results $(RESULTS) --gallery docs/gallery

schema: $(VENV)/.ready ## write config/schema.json and the list of keys in config/README.md
	$(BIN)/python workflow/scripts/schema.py

dictionary: $(VENV)/.ready ## draft a study file from a data file (DATA=trial.csv, also FORMAT DELIMITER ENCODING SHEET)
	@test -n "$$DATA" || { echo "Say which file: make dictionary DATA=trial.csv" >&2; exit 2; }
	@$(BIN)/python workflow/scripts/dictionary.py --data="$$DATA" $${FORMAT:+--format="$$FORMAT"} \
	  $${DELIMITER:+--delimiter="$$DELIMITER"} $${ENCODING:+--encoding="$$ENCODING"} $${SHEET:+--sheet="$$SHEET"}

lock: ## renew the hashed locks from pyproject.toml (needs uv)
	uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  pyproject.toml -o envs/lock.txt
	uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --group dev --extra bcf -c envs/lock.txt pyproject.toml -o envs/lock-dev.txt

clean: ## remove results and caches, not the environment nor what `make keep` kept
	find results -mindepth 1 -maxdepth 1 -type d ! -name kept -exec rm -rf {} +
	rm -rf .snakemake .pytest_cache .mypy_cache .ruff_cache .hypothesis
