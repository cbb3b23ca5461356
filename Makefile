# Two commands do everything on a fresh machine with Python 3.11+ (with venv), make and git:
#   make demo    the console, its server and its engine, at the login screen
#   make test    every test that needs nothing but Python
VENV   := .venv
BIN    := $(VENV)/bin
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
PIP    := $(BIN)/python -m pip --disable-pip-version-check install
LOCKED := --require-hashes --requirement requirements
TEST   ?= tests
AGENTS := .venv-agents
CLIENTS := .venv-clients
AUDIT  := .venv-audit
UV     := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url $(UPGRADE)

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow coverage test-hours test-kills test-faults-long test-properties test-scenarios test-clients test-system test-box fuzz reliability audit system-packages lint format catalogue screenshots \
	benchmarks lock clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 24

demo: $(VENV)/.demo ## start the console with its own server: log in as admin / admin123
	@$(BIN)/salesmind demo

test: $(VENV)/.dev $(AGENTS)/.done ## run every test that needs nothing but Python
	$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder -m "not system and not box and not clients and not slow" $(TEST)

test-slow: $(VENV)/.dev $(AGENTS)/.done ## the tests that take their time: a kiosk's walls, faults, hours, load (about 4 minutes)
	$(BIN)/python -m pytest -n 3 --dist loadfile -m slow $(TEST)

coverage: $(VENV)/.dev $(AGENTS)/.done ## the same with branch coverage, subprocesses included; fails below the gate
	$(BIN)/python -m coverage erase
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not system and not box and not clients" --cov --cov-report= $(TEST)
	$(BIN)/python -m coverage report

test-hours: $(VENV)/.dev ## hold ten simulated hours of conversation and measure memory (about 2 minutes)
	SALESMIND_SIMULATED_HOURS=10 $(BIN)/python -m pytest -s tests/relay/test_hours.py tests/tui/test_hours.py

test-kills: $(VENV)/.dev ## kill -9 a recorded talk at 50 moments, and repair what it leaves (about 4 minutes)
	SALESMIND_KILLS=50 $(BIN)/python -m pytest -q tests/recordings/test_kills.py

test-clients: $(VENV)/.dev $(CLIENTS)/.done ## hold the engine against livekit, pipecat, @openai/agents-realtime and aimock (needs Node 20)
	$(BIN)/python -m pytest -m clients tests/backend/engine/clients

test-faults-long: $(VENV)/.dev ## hold a conversation of 30 minutes with a fault every 20 s, and replay it
	SALESMIND_FAULT_MINUTES=30 $(BIN)/python -m pytest -q -s tests/recordings/test_faults_long.py

test-scenarios: $(VENV)/.dev ## run the scenarios that ship, and their twins that must fail, in real time (about 4 minutes)
	SALESMIND_SCENARIOS=1 $(BIN)/python -m pytest -q tests/scenarios

test-system: $(VENV)/.dev ## run the tests on a virtual sound card, nginx, Daphne, PostgreSQL, Redis, sshd and a browser
	SALESMIND_REQUIRE_SYSTEM=1 $(BIN)/python -m pytest -m system tests

test-box: $(VENV)/.dev ## follow docs/demo-box.md word for word on a clean Debian (as root, about 10 minutes)
	apt-get install -y -q --no-install-recommends debootstrap systemd-container iproute2 iptables sshpass curl
	SALESMIND_TEST_BOX=1 $(BIN)/python -m pytest -m box tests/system/test_demo_box.py

test-properties: $(VENV)/.dev ## try every property test with 500 examples (about 10 minutes)
	HYPOTHESIS_PROFILE=fuzz HYPOTHESIS_EXAMPLES=500 $(BIN)/python -m pytest -n 2 -m "hypothesis and not system and not box" $(TEST)

fuzz: $(VENV)/.dev ## try every property test with 10,000 examples (an hour or more)
	HYPOTHESIS_PROFILE=fuzz $(BIN)/python -m pytest -n 2 -m "hypothesis and not system and not box" $(TEST)

reliability: $(VENV)/.dev ## run the tests of faults and write the table of docs/reliability.md (about 10 minutes)
	$(BIN)/python scripts/make_reliability_table.py

audit: $(AUDIT)/.done ## look for known vulnerabilities in what is pinned, and for unsafe code (ruff S)
	@$(BIN)/ruff check --select S --ignore S101,S603,S607 . && $(BIN)/python scripts/audit.py $(AUDIT)/bin/pip-audit requirements/dev.txt

system-packages: ## install the Debian packages of test-system (as root)
	apt-get update -q
	apt-get install -y -q --no-install-recommends libportaudio2 libasound2-plugins pulseaudio pulseaudio-utils nginx-light chromium \
		postgresql redis-server flac ffmpeg sox openssh-client openssh-server socat

lint: $(VENV)/.dev ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.dev ## let ruff put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

catalogue: $(VENV)/.dev ## collect the strings of the interface, and compile the translations
	$(BIN)/python scripts/catalogue.py

screenshots: $(VENV)/.dev ## take the pictures of the docs from the running program
	$(BIN)/python scripts/make_screenshots.py

benchmarks: $(VENV)/.dev ## print the tables of benchmarks/README.md (about 15 minutes, on a quiet machine)
	for script in startup server_start conversation terminal_bytes lateness key_echo onset engine languages server capacity; do $(BIN)/python benchmarks/$$script.py; done

lock: $(BIN)/python ## pin what pyproject.toml asks for, by hash (UPGRADE=--upgrade: to the newest there is)
	$(PIP) --quiet uv
	$(UV) pyproject.toml --extra server --extra web --extra site --extra offline --extra aec --extra load --group dev --output-file requirements/dev.txt
	$(UV) pyproject.toml --extra server --extra web --extra offline --constraint requirements/dev.txt --output-file requirements/demo.txt
	$(UV) requirements/agents.in --output-file requirements/agents.txt
	$(BIN)/uv pip compile --quiet --python-platform x86_64-manylinux_2_28 --python-version 3.11 --generate-hashes --no-header \
		--no-annotate --no-emit-index-url $(UPGRADE) requirements/clients.in --output-file requirements/clients.txt

clean: ## remove the virtual environment and caches
	rm -rf $(VENV) $(AGENTS) $(CLIENTS) $(AUDIT) .venv-3.* .coverage* .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed. Install it, or name it: make PYTHON=/path/to/python3.12 demo"; exit 1; }
	@echo "[1/3] Making a virtual environment in $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python's venv module is missing. On Debian or Ubuntu: apt install python3-venv"; exit 1; }

$(VENV)/.demo: pyproject.toml requirements/demo.txt | $(BIN)/python
	@echo "[2/3] Installing the console, the server and offline speech recognition (first time only, about 500 MB)"
	@$(PIP) $(LOCKED)/demo.txt
	@$(PIP) --no-deps --editable .
	@touch $@
	@echo "[3/3] Starting"

$(VENV)/.dev: pyproject.toml requirements/dev.txt | $(BIN)/python
	@echo "[2/3] Installing the console with everything its tests need (first time only)"
	@$(PIP) $(LOCKED)/dev.txt
	@$(PIP) --no-deps --editable .
	@touch $@
	@echo "[3/3] Running"

# openai-agents, a client that the engine is held against, wants an older websockets than the console does.
$(AGENTS)/.done: requirements/agents.txt | $(BIN)/python
	@echo "      Installing openai-agents in $(AGENTS), as a client for the engine's tests (first time only)"
	@$(PYTHON) -m venv $(AGENTS)
	@$(AGENTS)/bin/python -m pip --disable-pip-version-check install --require-hashes --requirement $<
	@touch $@

# Python's packages and Node's side by side: the tests link node_modules to where they need it.
$(CLIENTS)/.done: requirements/clients.txt tests/backend/engine/clients/package.json | $(BIN)/python
	@echo "      Installing livekit-plugins-openai, pipecat, @openai/agents-realtime and aimock in $(CLIENTS) (first time only)"
	@$(PYTHON) -m venv $(CLIENTS)
	@$(CLIENTS)/bin/python -m pip --disable-pip-version-check install --require-hashes --requirement $<
	@cp tests/backend/engine/clients/package.json $(CLIENTS)
	@npm install --prefix $(CLIENTS) --no-package-lock --no-audit --no-fund
	@touch $@

# pip-audit brings thirty packages that nothing here needs.
$(AUDIT)/.done: | $(VENV)/.dev
	@echo "      Installing pip-audit in $(AUDIT) (first time only)"
	@$(PYTHON) -m venv $(AUDIT)
	@$(AUDIT)/bin/python -m pip --disable-pip-version-check --quiet install pip-audit==2.10.1
	@touch $@
