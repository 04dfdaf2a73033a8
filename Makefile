PYTHON ?= python3.11
VENV := .venv
RUN := $(VENV)/bin/python
CONFORMANCE := .venv313
CHECKOV := .venv-checkov
AZURE_CLI := .venv-azure-cli
SUPPLY_CHAIN := .venv-supply-chain
AUDIT := .venv-audit
BENCH := .venv-bench
QUERIES := tests/operations/queries/node_modules
# The shims of pyenv are there for versions that cannot be run, so each candidate is tried.
PYTHON313 ?= $(shell for each in python3.13 $(HOME)/.pyenv/versions/3.13*/bin/python3.13 python3; do \
	"$$each" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null && echo "$$each" && break; done)
# Microsoft's Bicep compiler. Another version may lay out and predict otherwise.
BICEP_VERSION := 0.49.2
BICEP ?= $(shell command -v bicep || ls $(HOME)/.azure/bin/bicep 2>/dev/null)
NPM ?= $(shell command -v npm)
VALGRIND ?= $(shell command -v valgrind)

# A file that is not one of those that were locked is refused. None is built here: what builds it would have no hash.
INSTALL := pip install --quiet --disable-pip-version-check --require-hashes --only-binary=:all:

# What `make lock` writes: for every version of Python and every system that the project runs on.
LOCK = $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --no-header --generate-hashes
TOOLS := audit azure-cli bench checkov supply-chain

.PHONY: help demo test conformance infra templates snapshots queries bicep guide prove bench instructions instructions-check start cost check licences sbom workflows \
	format lock clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST)

$(VENV)/installed: requirements-dev.txt
	test -x $(RUN) || $(PYTHON) -m venv $(VENV) || python3 -m venv $(VENV)
	$(RUN) -m $(INSTALL) -r requirements-dev.txt
	touch $@

demo: $(VENV)/installed  ## play a month of sample traffic and print each tenant's usage
	$(RUN) -m local demo

# Bytecode is written whatever the environment says, also by `conformance`: each process that a test starts would
# compile the project anew.
# Three processes for two cores, because the tests of Service Bus mostly wait.
test: $(VENV)/installed  ## every test that needs no cloud
	PYTHONDONTWRITEBYTECODE= $(RUN) -m pytest -n 3 --dist worksteal

# What needs a tool that is missing here says so, and fails where the run is demanded.
define needs
	@if test -n "$(1)"; then \
		$(3); \
	else \
		echo "$@: $(2)" >&2; \
		test "$$CI" != true -a "$$REQUIRE_ENDPOINTS" != 1; \
	fi
endef

conformance:  ## every function in Microsoft's own Python runtime (needs Python 3.13)
	$(call needs,$(PYTHON313),no Python 3.13 was found; no function has run in the runtime of Azure Functions,\
		$(MAKE) --no-print-directory $(CONFORMANCE)/installed && \
		PYTHONDONTWRITEBYTECODE= $(CONFORMANCE)/bin/python -m pytest -n 2 tests/conformance)

# With both files pip refuses any version but the deployed one. The earlier runtime is for a negative control.
$(CONFORMANCE)/installed: requirements.txt requirements-dev.txt tests/conformance/earlier-runtime.txt
	$(PYTHON313) -m venv --clear $(CONFORMANCE)
	$(CONFORMANCE)/bin/python -m $(INSTALL) -r requirements.txt -r requirements-dev.txt
	$(CONFORMANCE)/bin/python -m $(INSTALL) --no-deps --target $(CONFORMANCE)/earlier-runtime \
		-r tests/conformance/earlier-runtime.txt
	touch $@

infra: templates queries $(CHECKOV)/installed  ## templates and queries as Microsoft reads them, and checkov's rules
	$(CHECKOV)/bin/python -m tests.infra.checkov_gate

# The compiler formats nothing by a language's rules, so that it can do without libicu.
templates snapshots guide: export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT = 1
templates snapshots guide: export BICEP := $(BICEP)
templates snapshots: export BICEP_VERSION := $(BICEP_VERSION)
templates:  ## Microsoft's compiler on the Bicep files, and whether they deploy what the snapshots say
	$(call needs,$(BICEP),no Bicep compiler was found; 'make bicep' installs it,\
		$(MAKE) --no-print-directory $(VENV)/installed && \
		$(RUN) -m pytest tests/infra/compiled)

snapshots: $(VENV)/installed  ## tests/infra/snapshots: all that the Bicep files deploy (needs the Bicep compiler)
	$(if $(BICEP),,$(error no Bicep compiler was found; 'make bicep' installs it))$(RUN) -m tests.infra.compiled.snapshots

bicep:  ## install the Bicep compiler (needs the Azure CLI)
	az bicep install --version v$(BICEP_VERSION)

queries:  ## Microsoft's language service on the KQL queries of alerts, workbook and documents (needs Node)
	$(call needs,$(NPM),no npm was found; 'apt-get install npm' brings it and Node,\
		$(MAKE) --no-print-directory $(VENV)/installed $(QUERIES)/installed && $(RUN) -m tests.operations.queries)

$(QUERIES)/installed: tests/operations/queries/package-lock.json
	$(NPM) ci --prefix tests/operations/queries --loglevel=error --ignore-scripts --no-audit --no-fund
	touch $@

guide:  ## the commands of the pages for operators, parsed by the Azure CLI without an account (needs the Bicep compiler)
	$(call needs,$(BICEP),no Bicep compiler was found; 'make bicep' installs it,\
		$(MAKE) --no-print-directory $(AZURE_CLI)/installed && $(AZURE_CLI)/bin/python -m tests.operations.guide </dev/null)

# Tools in environments of their own: what they need must not change what is checked. Two bring a hundred packages each,
# for which pip takes half a minute: it is for where uv, which does not know pip's settings, finds no registry.
.venv-%/installed: requirements-%.txt $(VENV)/installed
	$(RUN) -m venv --clear $(@D)
	$(VENV)/bin/uv pip install --quiet --python $(@D)/bin/python --require-hashes --no-build -r $< || \
		$(@D)/bin/python -m $(INSTALL) -r $<
	touch $@

# The auditor reads the requirements by its own version of Python, which is to be the deployed one.
$(AUDIT)/installed: requirements-audit.txt
	$(PYTHON313) -m venv --clear $(@D)
	$(@D)/bin/python -m $(INSTALL) -r $<
	touch $@

prove: $(VENV)/installed  ## the long proofs and their negative controls, each one line with its figure (half an hour)
	$(RUN) -m tests.standins -- $(RUN) -m tests.prove.controls
	$(RUN) -m tests.prove.kills
	$(RUN) -m tests.prove.every_sequence
	$(RUN) -m tests.prove.odd_bodies
	$(RUN) -m tests.prove.configurations
	$(RUN) -m tests.prove.large_bodies
	$(RUN) -m tests.prove.long_conversations
	$(RUN) -m tests.prove.noisy_tenant
	$(RUN) -m tests.prove.ledger
	$(RUN) -m tests.prove.spans
	$(RUN) -m tests.prove.corrections
	$(RUN) -m tests.standins -- $(RUN) -m tests.prove.faults
	$(RUN) -m tests.standins -- $(RUN) -m tests.prove.on_azure

bench: $(VENV)/installed $(BENCH)/installed  ## throughput, latency and growth beside Huey, Celery and SQLite alone: docs/performance.md (half an hour)
	$(RUN) -m tests.bench

instructions: $(VENV)/installed  ## keep the instructions of an event of each type, by this build of Python (needs Valgrind)
	$(if $(VALGRIND),,$(error no Valgrind was found; 'apt-get install valgrind' brings it))$(RUN) -m tests.bench.instructions write
	$(RUN) -m tests.bench.page

instructions-check:  ## compare them with those that are kept (needs Valgrind)
	$(call needs,$(VALGRIND),no Valgrind was found; 'apt-get install valgrind' brings it,\
		$(MAKE) --no-print-directory $(VENV)/installed && $(RUN) -m tests.bench.instructions check)

start: $(VENV)/installed  ## serve on http://127.0.0.1:7071 until Ctrl-C
	$(RUN) -m local start --port 7071

cost: $(VENV)/installed  ## dollars per million conversations on Azure, beside two naive designs
	$(RUN) -m tools.cost

check: $(VENV)/installed  ## style, types, import rules
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

# Also those that only one machine has: the host there is reached by others, too.
licences: $(SUPPLY_CHAIN)/installed  ## the licences of what is deployed, and known vulnerabilities of all that runs (needs Python 3.13)
	$(call needs,$(PYTHON313),no Python 3.13 was found; no licence has been looked at,\
		$(MAKE) --no-print-directory $(CONFORMANCE)/installed $(AUDIT)/installed && \
		$(SUPPLY_CHAIN)/bin/pip-licenses --python=$(CONFORMANCE)/bin/python --packages \
		$$(sed -n 's/^\([A-Za-z][A-Za-z0-9._-]*\)==.*/\1/p' requirements.txt) && \
		$(RUN) -m tools.vulnerabilities $(AUDIT)/bin/pip-audit requirements.txt requirements-dev.txt)

sbom: $(SUPPLY_CHAIN)/installed  ## data/sbom.json: what is deployed, as CycloneDX
	mkdir -p data
	$(SUPPLY_CHAIN)/bin/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible --of JSON -o data/sbom.json requirements.txt

workflows: $(SUPPLY_CHAIN)/installed  ## whether workflows, dependabot.yml and docker-compose.yaml are well-formed
	$(SUPPLY_CHAIN)/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yaml
	$(SUPPLY_CHAIN)/bin/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(SUPPLY_CHAIN)/bin/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yaml

format: $(VENV)/installed  ## format the code
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

lock: $(VENV)/installed  ## pin what pyproject.toml asks for, with all that it needs in turn, and the hash of each file
	$(LOCK) pyproject.toml -o requirements.txt
	$(LOCK) --group dev pyproject.toml -o requirements-dev.txt
	set -e; for group in $(TOOLS); do $(LOCK) --group pyproject.toml:$$group -o requirements-$$group.txt; done

clean:  ## remove the environments, the demo's files and caches
	rm -rf $(VENV) $(CONFORMANCE) $(CHECKOV) $(AZURE_CLI) $(SUPPLY_CHAIN) $(AUDIT) $(BENCH) $(QUERIES) data .mypy_cache .ruff_cache \
		.pytest_cache .hypothesis
