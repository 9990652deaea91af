# Everything sets itself up: `make demo` and `make test` need git, make, python3 and python3-venv.
#
#   ARGS=…     passed on:  make demo ARGS=--preview    make test ARGS='-k whereis -x'
#              make test ARGS=-n0 for one process, ARGS=--thorough for longer runs of random tests
#   ROWS=…     how many rows a benchmark has
#   FUZZ_SECONDS=…, SEED=…   how long to fuzz, and with which inputs (those of a run before)
#   PYTHON=…   the Python to use (3.11 or newer); the first suitable one on the PATH otherwise
#   SYSTEM=no  leave the system's packages alone

ARGS ?=
ROWS ?= 1000000
FUZZ_SECONDS ?= 60
SEED ?=
SYSTEM ?= yes
export PYTHON SYSTEM

BIN := .venv/bin

# Each process has PostgreSQL servers of its own, so there is a limit to them. One that has nothing
# left to do takes over tests that another has not begun. ARGS=-n0 does without.
PROCESSES := -n logical --maxprocesses=4 --dist=worksteal

.PHONY: help demo test fuzz lint lock bench-index bench-quality clean

help:
	@echo "make demo              show the bot at work, without a token"
	@echo "make demo ARGS=--preview   the same, in a page that looks like Discord"
	@echo "make test              run every test   (ARGS='-k whereis -x' goes to pytest)"
	@echo "make fuzz              hostile pictures and words for a minute   (FUZZ_SECONDS=600 for longer)"
	@echo "make lint              ruff, mypy and the import rules"
	@echo "make lock              write requirements/*.txt anew   (ARGS=--upgrade for newer versions)"
	@echo "make bench-index       measure the search index   (ROWS=30000000, a million otherwise)"
	@echo "make bench-quality     measure how well pictures are found   (ARGS=--quick, ARGS='--corpus FOLDER')"
	@echo "make clean             remove what was built and downloaded; ./data stays"
	@echo
	@echo "Each sets up what it needs. SYSTEM=no leaves the system's packages alone."

demo:
	@sh scripts/setup $(if $(findstring --preview,$(ARGS)),preview,demo)
	@$(BIN)/whereis-bot demo $(ARGS)

test:
	@sh scripts/setup dev
	$(BIN)/python -m pytest $(PROCESSES) $(ARGS)

# ARGS='--corpus FOLDER' begins with the pictures of a folder too, ARGS=--help names the rest.
fuzz:
	@sh scripts/setup dev
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS) $(if $(SEED),--seed $(SEED)) $(ARGS)

# Every check runs, so that one report shows all there is to mend.
lint:
	@sh scripts/setup dev
	@status=0; \
	for check in "ruff check ." "ruff format --check ." mypy lint-imports; do \
		echo "$(BIN)/$$check"; $(BIN)/$$check || status=1; \
	done; \
	exit $$status

lock:
	@sh scripts/setup lock
	@sh scripts/lock $(ARGS)

bench-index:
	@sh scripts/setup bench
	$(BIN)/python -m bench.index --rows $(ROWS) $(ARGS)

bench-quality:
	@sh scripts/setup quality
	$(BIN)/python -m bench.quality $(ARGS)

clean:
	rm -rf .venv build dist .fuzz .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find $(wildcard bot cogs db tests bench) -name __pycache__ -type d -prune -exec rm -rf {} +
	find db/extension \( -name '*.o' -o -name '*.so' -o -name '*.bc' \) -delete
