# Everything that a user or a developer types. `make help` lists it.

SCENARIO ?= quick
CORES ?= all
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# What a user gives is text: make does not look into it, and shells have it as a variable.
override SCENARIO := $(value SCENARIO)
override CORES := $(value CORES)
override ARCHIVE := $(value ARCHIVE)
override GPU_JOBS := $(value GPU_JOBS)
override CACHE := $(value CACHE)
own := $(filter %.yaml %.yml,$(SCENARIO))
# PAPER/NAME of workflow/scenarios/; a name alone is one of the default paper's.
paper := tomasini_2022
scenario := $(if $(findstring /,$(SCENARIO)),$(SCENARIO),$(paper)/$(SCENARIO))
# Beside the default run, for SCENARIO=all: the same scale of every other paper.
every := $(if $(filter all,$(SCENARIO)),$(wildcard workflow/scenarios/*/quick.yaml))
FILE := $(if $(every),,$(or $(wildcard $(own)),$(own),$(if $(filter-out $(paper)/quick,$(scenario)),workflow/scenarios/$(scenario).yaml)))
NAME := $(if $(own),$(basename $(notdir $(own))),$(subst /,_,$(scenario:$(paper)/%=%)))
export SCENARIO CORES ARCHIVE GPU_JOBS FILE NAME
# Where trainings are that runs share; Snakemake's jobs find it in their environment.
ifneq ($(CACHE),)
export CNN_SENSITIVITY_CACHE := $(CACHE)
endif

# Snakemake wants a cache that can be written; where HOME's cannot be, it is in this folder.
cache := "$${XDG_CACHE_HOME:-$$HOME/.cache}"
ifeq ($(shell mkdir -p $(cache) 2> /dev/null && test -w $(cache) && echo yes),)
export XDG_CACHE_HOME := $(CURDIR)/.snakemake/cache
endif

snakemake = $(BIN)/snakemake --cores "$$CORES" $${FILE:+--configfile "$$FILE"} \
	$${GPU_JOBS:+--resources "gpu=$$GPU_JOBS"}
layers = --configfile config.yaml $(if $(every),--scenario $(every),$${FILE:+"$$FILE"})
unpack = $(BIN)/python -m cnn_sensitivity unpack \
	$(if $(ARCHIVE),,$(error Which one? make $@ ARCHIVE=paper_figures/reference/quick/tables.tar.gz))$(1) -- "$$ARCHIVE"
next = Next: make report SCENARIO=$$SCENARIO, one web page of it all; make article SCENARIO=$$SCENARIO, a PDF to read.
# Snakemake shows a traceback of a file that is no YAML; the package says what is wrong.
readable = $(BIN)/python -m cnn_sensitivity plan $(layers) > /dev/null

.DEFAULT_GOAL := help
.PHONY: help install install-test reproduce plan report article articles pack unpack redraw reference graph gallery characteristics overview docs check test torture stability bench speed timings gpu-check schema clean
.PHONY: checked_input one_scenario

# With `+`, since `make -n` is to refuse the same.
checked_input:
	+@refuse() { echo "error: $$1" >&2; exit 2; }; \
	case "$$CORES" in \
	all) ;; \
	'' | 0* | *[!0-9]*) refuse "CORES must be a number or all" ;; \
	esac; \
	case "$$GPU_JOBS" in \
	0* | *[!0-9]*) refuse "GPU_JOBS must be a number: of jobs that use a GPU at once" ;; \
	esac; \
	case "$$SCENARIO" in \
	'' | -* | *[!A-Za-z0-9_./~-]*) refuse "SCENARIO must be one word of letters, digits, _ . / ~ -" ;; \
	quick | $(paper)/quick | all) exit 0 ;; \
	esac; \
	[ -f "$$FILE" ] || refuse "SCENARIO=$$SCENARIO: there is no file $$FILE; see make help"; \
	case "$$NAME" in \
	'' | . | ..) refuse "SCENARIO=$$SCENARIO: a file needs a name before .yaml" ;; \
	esac

# What is done to one run is not done to all of them in silence.
one_scenario: checked_input
	+@[ "$$SCENARIO" != all ] || { echo "error: SCENARIO=all is for reproduce and plan" >&2; exit 2; }

help: ## This list
	@awk -F ':.*## ' '/^[a-z_-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "SCENARIO=quick (default), or of workflow/scenarios/:"
	@cd workflow/scenarios && ls -d */*.yaml | sed 's/^/    /; s/\.yaml$$//'
	@echo "(of $(paper) the name alone will do); or a file of your own: SCENARIO=mine.yaml;"
	@echo "or SCENARIO=all, the quick run of every paper, for reproduce and plan."

install: $(VENV)/installed ## Install into .venv what a reproduction needs

install-test: $(VENV)/installed-test ## Install what the tests need besides

reproduce: checked_input install ## Every figure and the scorecard (SCENARIO=quick, GPU_JOBS=1, CACHE=folder)
	@$(readable)
	@BRIEF=1 $(if $(every),$(BIN)/python scripts/several_runs.py $(layers) --) $(snakemake)
	@$(if $(every),,$(BIN)/python -m cnn_sensitivity scorecard $(layers))
	@$(if $(every),,echo "$(next)")

plan: checked_input install ## What a run would take: jobs, hours, disk, what is there already
	@$(BIN)/python -m cnn_sensitivity plan $(layers)

report: one_scenario install ## One web page of a finished run: scorecard, figures, runtimes, versions
	@$(readable)
	@$(snakemake) --report "results/$$NAME/report.html" \
		--report-stylesheet workflow/report/report.css
	@echo "Open results/$$NAME/report.html in a browser"

article: one_scenario $(VENV)/installed-article ## A finished run as a PDF to read: figures, scorecard, methods
	@$(BIN)/python -m cnn_sensitivity article $(layers)

pack: one_scenario install ## A finished run as one archive, SCENARIO.tar.gz (CHECKPOINTS=1: the weights too; UNFINISHED=1: what is there)
	@$(BIN)/python -m cnn_sensitivity pack $(layers) --output "$$NAME.tar.gz" \
		$(if $(CHECKPOINTS),--checkpoints) $(if $(UNFINISHED),--unfinished)

unpack: install ## Put the tables of a packed run in place (ARCHIVE=…)
	@$(call unpack)
	@echo "To draw its figures without training: make redraw ARCHIVE=$$ARCHIVE"

redraw: checked_input install ## Unpack, and draw every figure and the scorecard without training (ARCHIVE=…)
	@config=$$($(call unpack,--whole)) && \
		BRIEF=1 $(BIN)/snakemake --cores "$$CORES" --workflow-profile profiles/redraw \
			--configfile "$$config" && \
		$(BIN)/python -m cnn_sensitivity scorecard --configfile "$$config"

reference: one_scenario install ## Keep a finished run in paper_figures/reference/, to be committed
	@$(BIN)/python -m cnn_sensitivity reference $(layers)

graph: one_scenario install ## Draw the rules into docs/rulegraph.svg (needs graphviz)
	@mkdir -p docs
	@$(snakemake) --quiet all --rulegraph | dot -Tsvg > docs/rulegraph.svg

gallery: install ## Write docs/gallery.md: the figures of the committed runs
	$(BIN)/cnn-sensitivity gallery --output docs/gallery.md

articles: $(VENV)/installed-article ## Write the PDFs of the committed runs beside their scorecards
	$(BIN)/cnn-sensitivity articles

characteristics: install ## Simulate the authors' numbers in the committed runs, once: a table in each paper's room
	$(BIN)/cnn-sensitivity characteristics

overview: install ## Write docs/overview.md, docs/claims/ and the README's table: the verdicts
	$(BIN)/cnn-sensitivity overview --docs docs --readme README.md

docs: $(VENV)/installed-docs ## The documents, gallery and articles as a site with a search: site/html/index.html
	@$(BIN)/python scripts/build_site.py

check: install-test ## Lint, types and unit tests: about 2 minutes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/mypy
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses 2 tests/unit

# A cluster waits more than it computes: two other tests run beside it.
test: check ## All tests: about 15 minutes on 2 cores; those of the cluster where Slurm is installed
	$(BIN)/pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder tests/cluster tests/workflow

torture: install-test ## Kills, full disks, 50 rounds of losses, for hours: TORTURE='--kills 5 --rounds 3' for less
	$(BIN)/pytest --exitfirst tests/torture $(TORTURE)

# As TORTURE, words of a command line: --seeds 0 1 2 --avx2-seeds 0 1 is the default.
stability: one_scenario install ## Do verdicts hold with other seeds and processors? Five runs: STABILITY='--seeds 0 1' for less
	@$(readable)
	@$(BIN)/python scripts/stability_runs.py $(layers) $(STABILITY) -- $(snakemake)

bench: install-test ## Speed, as ratios within one run, into results/benchmarks.csv
	PYTHONPATH=tests:workflow $(BIN)/python -m benchmarks

speed: install-test ## How seconds and memory grow, and what a training step takes, into docs/speed.md
	PYTHONPATH=tests:tests/unit:workflow OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.speed

timings: install ## Time every network on one core: the reference of `make plan`
	$(BIN)/cnn-sensitivity timings --output workflow/cnn_sensitivity/operations/forecast/timings.csv

# Without an installation too: PYTHON is then what has the packages that docs/gpu.md names.
gpu_python = $(if $(filter file,$(origin PYTHON)),$(or $(wildcard $(BIN)/python),$(PYTHON)),$(PYTHON))
gpu-check: ## Is this machine's GPU right, and how fast? Ten minutes, for `make plan` (PYTHON=python3 uninstalled)
	@PYTHONPATH="workflow$${PYTHONPATH:+:$$PYTHONPATH}" $(gpu_python) -m cnn_sensitivity gpu-check \
		--scenario $(wildcard workflow/scenarios/*/paper.yaml)

schema: install ## Write the configuration's JSON schema from its models
	$(BIN)/cnn-sensitivity schema --output workflow/schemas/config.schema.json

clean: one_scenario ## Remove what a run made: its results and figures (SCENARIO=quick)
	rm -rf "results/$${NAME:?}" "paper_figures/$$NAME"/figure_* "paper_figures/$$NAME"/claims.*

$(VENV)/installed: pyproject.toml envs/constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint envs/constraints.txt --editable .
	@touch $@

$(VENV)/installed-article: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --constraint envs/constraints.txt --editable '.[article]'
	@touch $@

$(VENV)/installed-docs: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --constraint envs/constraints.txt --editable '.[docs]'
	@touch $@

$(VENV)/installed-test: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --constraint envs/constraints.txt --editable '.[test,slurm,article,docs]'
	@touch $@
