# Fieldcase. `make help` lists the targets; README.md says what they are for.
VENV := .venv
PY   := $(VENV)/bin/python
OPTS := -q --require-hashes --only-binary :all:
ASSETS := server/assets
BUILT  := server/static/built/.done

# uv installs the hashed locks; pip is the fall-back that serves an office with its own package mirror (uv reads no pip.conf).
define install
$(VENV)/bin/uv pip install $(OPTS) --python $(PY) -r $(1) || python3 -m pip --python $(PY) install $(OPTS) -r $(1)
endef

.PHONY: help setup run test check bench prove lock clean
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

setup: $(VENV)/.run ## install what the server needs and compile the pages' assets

lock: ## resolve the dependencies anew into the hashed lock files
	echo 'uv>=0.13' | $(UVC) - -o requirements-uv.lock
	$(UVC) pyproject.toml -o requirements.lock
	$(UVC) pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock
UVC := $(VENV)/bin/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11
