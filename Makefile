# Fieldcase. `make help` lists the targets; README.md says what they are for.
VENV := .venv
PY   := $(VENV)/bin/python
OPTS := -q --require-hashes --only-binary :all:
ASSETS := server/assets
BUILT  := server/static/built/.done
WORDS  := $(patsubst %.po,%.mo,$(wildcard server/translations/*/LC_MESSAGES/messages.po))

# uv installs the hashed locks; pip is the fall-back that serves an office with its own package mirror (uv reads no pip.conf).
define install
$(VENV)/bin/uv pip install $(OPTS) --python $(PY) -r $(1) || python3 -m pip --python $(PY) install $(OPTS) -r $(1)
endef

.PHONY: help setup run test check bench prove lock clean translations
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

$(VENV)/.run: requirements-uv.lock requirements.lock pyproject.toml
	test -x $(PY) || python3 -m venv --without-pip $(VENV)
	python3 -m pip --python $(PY) install $(OPTS) -r requirements-uv.lock
	$(call install,requirements.lock)
	$(VENV)/bin/uv pip install -q --python $(PY) --no-deps --no-build-isolation --offline -e . || python3 -m pip --python $(PY) install -q --no-deps --no-build-isolation -e .
	touch $@
$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	$(call install,requirements-dev.lock)
	touch $@

$(ASSETS)/node_modules/.ok: $(ASSETS)/package-lock.json $(ASSETS)/.npmrc | $(VENV)/.run
	cd $(ASSETS) && ../../$(VENV)/bin/npm ci --loglevel=error >/dev/null
	touch $@
$(BUILT): $(ASSETS)/node_modules/.ok $(ASSETS)/build.js $(wildcard $(ASSETS)/scss/* $(ASSETS)/js/* $(ASSETS)/images/*)
	$(VENV)/bin/node $(ASSETS)/build.js
	touch $@
%/messages.mo: %/messages.po | $(VENV)/.run
	$(VENV)/bin/pybabel --quiet compile -i $< -o $@

setup: $(VENV)/.run $(BUILT) $(WORDS) ## install what the server needs and compile the pages' assets and words

translations: $(VENV)/.run ## collect the pages' words anew into the catalogues
	$(VENV)/bin/pybabel --quiet extract -F babel.cfg -k _l -c NOTE: --add-location=file --sort-by-file --project=Fieldcase --copyright-holder=Fieldcase -o server/translations/messages.pot server
	$(VENV)/bin/pybabel --quiet update --no-fuzzy-matching --update-header-comment -i server/translations/messages.pot -d server/translations

lock: ## resolve the dependencies anew into the hashed lock files
	echo 'uv>=0.13' | $(UVC) - -o requirements-uv.lock
	$(UVC) pyproject.toml -o requirements.lock
	$(UVC) pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock
UVC := $(VENV)/bin/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11
