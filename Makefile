# make demo    environment, install, a synthetic exposure, a run, a picture and a report
# make test    environment, install, the whole test suite
#
# make demo SIZE=256 is quick; make test ARGS="tests/cli -x" runs a part; make bench PEER=python
# names the interpreter of an environment with the field's packages (.ci/peer.txt).

SIZE ?= 2048
SEED ?= 1
DEMO ?= demo
VENV ?= .venv
ARGS ?=

PYTHON ?= $(shell for p in python3 python python3.14 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2> /dev/null \
  && echo $$p && break; done)
BIN := $(abspath $(VENV))/bin

.DEFAULT_GOAL := help
.PHONY: help demo test lint soak bench docs clean

help:
	@sed -n 's/^# make/make/p' Makefile
	@echo 'make lint, make bench, make soak, make docs, make clean'

# ---------------------------------------------------------------- environment

$(VENV)/pyvenv.cfg:
	@test -n "$(PYTHON)" || { echo "make: needs Python >= 3.11 with venv: install it" \
	  "(Debian: apt-get install python3-venv), or name one: make PYTHON=/path/to/python"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null \
	  || { echo "make: $(PYTHON) is no Python >= 3.11; name another: make PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

# A stamp per extra; a change of setup.cfg installs again.
$(VENV)/.installed-%: setup.cfg setup.py pyproject.toml | $(VENV)/pyvenv.cfg
	@echo 'installing into $(VENV); this takes a minute or two'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	@touch $@

$(VENV)/.installed-lint: | $(VENV)/pyvenv.cfg
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r .ci/lint.txt
	@touch $@

# ---------------------------------------------------------------- what to make

demo: $(VENV)/.installed-plot
	$(BIN)/jwstlike demo $(DEMO) --size $(SIZE) --seed $(SEED) --quiet
	@echo
	. $(abspath $(DEMO))/env.sh && cd $(DEMO) && $(BIN)/strun sloper.cfg input.fits
	@echo
	$(BIN)/jwstlike report $(DEMO)/myimage.run.json
	@echo
	@echo 'Open the report in a browser. To go on from here, type:'
	@echo '    . $(VENV)/bin/activate && . $(DEMO)/env.sh && cd $(DEMO)'
	@echo '    strun sloper.cfg input.fits --steps.jump.rejection_threshold=5'
	@echo '    strun sloper --help'

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest -m 'not soak' $(ARGS)

soak: $(VENV)/.installed-test
	$(BIN)/python -m pytest -m soak $(ARGS)

lint: $(VENV)/.installed-lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

bench: $(VENV)/.installed-bench
	@set -e; for script in benchmarks/bench_*.py; do echo "== $$script"; \
	  case $$script in *datamodels.py|*steps.py) peer="$(addprefix --peer ,$(PEER))";; *) peer=;; esac; \
	  $(BIN)/python $$script --results benchmarks/results $$peer; done
	$(BIN)/python benchmarks/table.py benchmarks/results

docs: $(VENV)/.installed-docs
	$(BIN)/python -m sphinx -W -b html docs docs/_build/html

clean:
	rm -rf $(VENV) $(DEMO) docs/_build
