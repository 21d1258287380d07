# Two commands do everything: `make demo` and `make test`. `make bench` measures against GoAccess.
VENV := .venv
PY := $(VENV)/bin/python
RUN := $(VENV)/bin/telemetry-report
APT := chromium postgresql mariadb-server php-cli php-monolog php-vlucas-phpdotenv zsh fish
STAMP := $(VENV)/.installed
AXE := $(VENV)/axe/node_modules/axe-core/axe.min.js

.PHONY: demo test bench bench-scale bench-fleet bench-live charts lock audit clean
demo: $(STAMP)
	$(RUN) demo demo
	$(RUN) build --app demo --last 7d -o output

test: $(VENV)/.test-packages $(VENV)/.installed-dev $(AXE)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(PY) -m pytest -n 3 --dist worksteal

bench: $(VENV)/.test-packages $(VENV)/.installed-dev
	@command -v goaccess >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get install -y -qq goaccess; } || { echo "the benchmark needs: apt install goaccess"; exit 1; }
	$(PY) -m compileall -q reporter
	$(PY) -m tests.bench.build
	$(PY) -m tests.bench.terminal

# From a line in a log until it is seen: on a terminal, in a pipe, on an open page.
bench-live: $(VENV)/.test-packages $(VENV)/.installed-dev
	$(PY) -m tests.bench.live

# How cost grows with entries, files and contexts: SCALE=8 for 4,000,000 entries, SCALE=20 for 10,000,000.
bench-scale: $(VENV)/.installed-dev
	$(PY) -m compileall -q reporter
	$(PY) -m tests.bench.scale

# Many hosts in one report: SIZES=1,5,10,50 are millions of events.
bench-fleet: $(VENV)/.installed-dev
	$(PY) -m compileall -q reporter
	$(PY) -m tests.bench.fleet

# Charts compiled, as they come with the program: after a change of reporter/charts/.
charts: $(STAMP)
	$(PY) -c 'from reporter.site.specs import ship; ship()'

# The venv is made anew whenever what it holds changes. Compiled as pip does what is not editable: a tenth of an answer's time.
$(STAMP): pyproject.toml
	python3 -m venv $(VENV) || { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq python3-venv && python3 -m venv $(VENV); } \
	|| { echo "python3-venv is missing: apt install python3-venv"; exit 1; }
	$(PY) -m pip install --quiet --disable-pip-version-check -e .
	$(PY) -m compileall -q reporter
	touch $@

$(VENV)/.installed-dev: $(STAMP) constraints.txt
	$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,postgresql,mysql,fleet]'
	touch $@

# What the tests run against; installed where this is root, else said. Without Chromium's headless shell (a third of the CPU for a
# page, and not in every distribution) they take Chromium.
$(VENV)/.test-packages: $(STAMP) Makefile
	@missing=; for p in $(APT); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	if [ -z "$$missing" ]; then :; \
	elif [ "$$(id -u)" = 0 ]; then apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	else echo "the tests need: apt install$$missing"; exit 1; fi
	@[ "$$(id -u)" != 0 ] || command -v chromium-headless-shell >/dev/null || apt-get install -y -qq --no-install-recommends chromium-headless-shell || true
	touch $@

# Accessibility checks for the browser tests, from npm.
$(AXE): $(STAMP)
	@command -v npm >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends npm; } \
	|| { echo "the tests need: apt install npm"; exit 1; }
	npm install --silent --prefix $(VENV)/axe --ignore-scripts --no-audit --no-fund axe-core@4.14.1
	touch $@

# The newest versions that pyproject.toml allows, in a venv of their own, become those the tests are run with.
lock:
	rm -rf $(VENV)-lock && python3 -m venv $(VENV)-lock
	$(VENV)-lock/bin/pip install --quiet --disable-pip-version-check -e '.[dev,postgresql,mysql,fleet]'
	{ head -1 constraints.txt; $(VENV)-lock/bin/pip freeze --exclude-editable; } > constraints.new && mv constraints.new constraints.txt
	rm -rf $(VENV)-lock

# Known vulnerabilities of those versions. Strict: where PyPI's advisories cannot be asked it fails.
audit: $(STAMP)
	$(PY) -m venv $(VENV)/audit && $(VENV)/audit/bin/pip install --quiet --disable-pip-version-check pip-audit
	$(VENV)/audit/bin/pip-audit --strict --no-deps --disable-pip -r constraints.txt

clean:
	rm -rf $(VENV) output demo bench
