# Fieldcase. `make help` lists the targets; README.md says what they are for.
VENV   := .venv
PY     := $(VENV)/bin/python
OPTS   := -q --require-hashes --only-binary :all:
ASSETS := server/assets
BUILT  := server/static/built/.done
WORDS   = $(patsubst %.po,%.mo,$(wildcard server/translations/*/LC_MESSAGES/messages.po))
RUN    := $(VENV)/.run-$(shell python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
DEV    := $(subst .run,.dev,$(RUN))
FORMS  := $(patsubst %,xlsforms/questionnaires/%.xlsx,field_screening_adult child_screening tip_off follow_up_visit)
PYTEST := $(PY) -m pytest -q -n 3

.PHONY: help setup run test check quick bench prove lock translations
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile

setup: $(RUN) $(BUILT) words ## install what the server needs; compile the pages' assets and words

run: setup ## start Fieldcase with the forms for the field (FIELDCASE_HOST, FIELDCASE_PORT, FIELDCASE_BASE_URL)
	@said=$$($(VENV)/bin/fieldcase init) && echo "$$said" | head -n 1
	@$(VENV)/bin/fieldcase form list --json | grep -q form_id || echo $(FORMS) | xargs -n 1 -P 2 sh -c \
	  'said=$$($(VENV)/bin/fieldcase form publish $$0) || { echo "$$said"; exit 1; }; echo "$$said" | tail -n 1'
	@echo "In another terminal, the command fieldcase is $(CURDIR)/$(VENV)/bin/fieldcase"
	@exec $(VENV)/bin/fieldcase serve

test: setup $(DEV) ## run all tests
	$(PYTEST)

check: setup $(DEV) ## style, types and floors
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

quick: check ## the checks and the short tests, on SQLite alone
	FIELDCASE_TEST_DB=sqlite $(PYTEST) --quick

bench: setup $(DEV) ## how many submissions a second are received and filed, beside the floor
	$(PY) -m tests.bench

prove: setup $(DEV) ## the long proofs at full size; writes docs/proofs.md
	FIELDCASE_PROVE=1 $(PY) -m pytest -q -m proof --timeout 7200 --write-proofs docs/proofs.md

# uv installs the hashed locks; pip is the fall-back that serves an office with its own package mirror (uv reads no pip.conf).
define install
$(VENV)/bin/uv pip install $(OPTS) --python $(PY) -r $(1) || \
	{ echo "uv did not succeed; pip tries it with this machine's own settings ..."; python3 -m pip --python $(PY) install $(OPTS) -r $(1); }
endef
OWN := -q --no-deps --no-build-isolation

# `venv --without-pip` and Debian's own pip: a bare Debian has no ensurepip, and its pip installs nothing outside a venv.
$(RUN): requirements-uv.lock requirements.lock pyproject.toml
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Fieldcase needs Python 3.11 or newer.")'
	@python3 -m pip --version >/dev/null || { echo "pip is missing; install it with: apt-get install python3-pip"; exit 1; }
	@echo "Installing what Fieldcase needs into $(VENV) ..."
	@test -x $(PY) || python3 -m venv --without-pip $(VENV)
	@python3 -m pip --python $(PY) install $(OPTS) -r requirements-uv.lock
	@export UV_COMPILE_BYTECODE=1; $(call install,requirements.lock)
	@$(VENV)/bin/uv pip install $(OWN) --offline --python $(PY) -e . || python3 -m pip --python $(PY) install $(OWN) -e .
	@touch $@
$(DEV): requirements-dev.lock $(RUN)
	@echo "Installing what the tests need ..."
	@$(call install,requirements-dev.lock)
	@touch $@

$(ASSETS)/node_modules/.ok: $(ASSETS)/package-lock.json $(ASSETS)/.npmrc | $(RUN)
	@echo "Compiling the pages' style sheets and scripts ..."
	@cd $(ASSETS) && ../../$(VENV)/bin/npm ci --loglevel=error >/dev/null
	@touch $@
$(BUILT): $(ASSETS)/node_modules/.ok $(wildcard $(ASSETS)/*.js $(ASSETS)/scss/* $(ASSETS)/js/* $(ASSETS)/images/*)
	@$(VENV)/bin/node $(ASSETS)/build.js
	@touch $@
.PHONY: words
words: $(WORDS)
%/messages.mo: %/messages.po | $(RUN)
	@$(VENV)/bin/pybabel --quiet compile -i $< -o $@

translations: $(RUN) ## collect the pages' words anew into the catalogues
	$(VENV)/bin/pybabel --quiet extract -F babel.cfg -k _l -c NOTE: --add-location=file --sort-by-file --project=Fieldcase --copyright-holder=Fieldcase -o server/translations/messages.pot server
	$(VENV)/bin/pybabel --quiet update --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --width=120 -i server/translations/messages.pot -d server/translations

lock: ## resolve the dependencies anew into the hashed lock files
	echo 'uv>=0.13' | $(UVC) - -o requirements-uv.lock
	$(UVC) pyproject.toml -o requirements.lock
	$(UVC) pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock
UVC := $(VENV)/bin/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11
