# Everything a person or CI runs. `make check` and `make test` need a Rust toolchain, Python >= 3.10 and make;
# `make verify` also needs Java 17 and downloads PySpark.

PYTHON ?= python3
VENV := .venv
STAMP := $(VENV)/.seatrial-setup
SEATRIAL := target/debug/seatrial
# The real Spark that `make verify` asks, and the goldens that it must reproduce.
SPARK ?= 4.2.1
# The Spark versions that the engine follows with another PySpark than that of the environment.
OTHER_SPARKS ?= 4.0 4.1 4.3
# What CI re-records: enough that no golden can be made up unnoticed, little enough to be quick.
SAMPLE ?= cases/registration cases/read cases/types/integers.yaml
# The same over Spark Connect, where every session starts Python anew.
CONNECT_SAMPLE ?= cases/errors/errors_in_read.yaml cases/registration/first_source.yaml

export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.PHONY: setup build python versions check check-versions check-connect-versions docs report report-check test lint verify verify-sample verify-clients bench bench-spark clean

## The virtual environment: PySpark's client, Arrow, and the tools of the tests.
setup: $(STAMP)

$(STAMP): python/requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "make: Python 3.10 or newer is needed; name one: make PYTHON=/path/to/python3" >&2; exit 2; }
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r python/requirements.txt
	@touch $@

# All targets of all packages, so that the features of shared crates are the same as in `cargo test` and nothing is built twice.
build: setup
	cargo build --quiet --workspace --all-targets

## The PySparks of the other versions, in ~/.cache/seatrial (of 4.3 there is only the whole one: 450 MB).
versions: build
	$(SEATRIAL) prepare $(OTHER_SPARKS)

## The main job: every case on the engine, compared with what real PySpark answered.
check: build
	$(SEATRIAL) check

## The same for the other versions, each with its own PySpark.
check-versions: versions
	@for version in $(OTHER_SPARKS); do $(SEATRIAL) check --spark $$version || exit; done

## The same over Spark Connect. It takes some two and a half minutes on two cores, so it is a part of `make verify`; `make test`
## checks the version of the environment.
check-connect-versions: versions
	@for version in $(OTHER_SPARKS); do $(SEATRIAL) check --target engine:connect --spark $$version || exit; done

## The Python package with its native module, installed into the virtual environment. It has a target folder of its own:
## maturin builds with other settings, and sharing one would rebuild the engine at every turn.
python: setup
	cd python && PIP_QUIET=1 CARGO_TARGET_DIR=$(CURDIR)/target/python ../$(VENV)/bin/maturin develop --quiet

## The generated pages: docs/behaviours.md and the scoreboard.
docs: build versions
	$(SEATRIAL) docs
	$(SEATRIAL) scoreboard

## The page for browsers, of all cases and versions: target/report.html (and the run itself, to be rendered again).
report: versions
	$(SEATRIAL) check --spark all --format json=target/run.jsonl --format html=target/report.html --baseline golden/SCOREBOARD.md

## Opens that page in headless Chromium (Debian: apt-get install chromium): speed, filters, and pictures to be looked at.
report-check: report
	python3 ci/report_check.py target/report.html target/report-check

lint: setup
	cargo fmt --all --check
	cargo clippy --quiet --workspace --all-targets -- --deny warnings
	cd python && ../$(VENV)/bin/ruff format --check . && ../$(VENV)/bin/ruff check . && ../$(VENV)/bin/mypy
	$(VENV)/bin/ruff format --check --config python/pyproject.toml ci
	$(VENV)/bin/ruff check --config python/pyproject.toml ci

## All tests: Rust, each case on each version, Python, and the checks of generated files. No JVM, no network once set up.
test: build lint python versions
	cargo test --quiet --workspace
	@$(MAKE) --no-print-directory check-versions
	$(SEATRIAL) check --target engine:connect
	cd python && ../$(VENV)/bin/pytest
	$(SEATRIAL) scoreboard --check
	$(SEATRIAL) docs --check

## Asks real Spark for every case again, in both modes, and compares with the goldens; then our engine over Spark Connect
## as the other versions, some cases as scripts of their own, some at Spark's own Connect server, the clients of the other
## versions, and the same Sparks in containers, where there is Docker.
verify: build
	$(SEATRIAL) check --target spark:$(SPARK)
	$(SEATRIAL) check --target spark:$(SPARK):connect
	@$(MAKE) --no-print-directory check-connect-versions
	ci/repro $(SPARK)
	ci/spark-server $(SPARK)
	ci/clients $(OTHER_SPARKS)
	BUILD_SECONDS=1800 ci/containers

verify-sample: build
	$(SEATRIAL) check --target spark:$(SPARK) $(SAMPLE)
	$(SEATRIAL) check --target spark:$(SPARK):connect $(CONNECT_SAMPLE)

## The tests of Spark Connect with the PySpark clients of the other versions.
verify-clients: build
	ci/clients $(OTHER_SPARKS)

## Speed, as ratios of two things measured in one run: target/bench.json.
bench: build
	cargo bench --quiet --package seatrial-engine
	$(VENV)/bin/python ci/bench.py

## The speed of our Spark Connect server beside real Spark's: target/bench-spark.json.
bench-spark: setup
	cargo build --quiet --release --workspace
	SPARK=$(SPARK) $(VENV)/bin/python ci/bench_spark.py

clean:
	rm -rf target $(VENV)
