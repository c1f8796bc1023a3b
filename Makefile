# weir: every everyday task. `make help` lists them.

PREFIX ?= /usr/local
DESTDIR ?=
BINDIR = $(DESTDIR)$(PREFIX)/sbin
export PATH := $(HOME)/.cargo/bin:$(PATH)

.DEFAULT_GOAL := help

.PHONY: help
help: ## List every target
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: build-needs ## Build weir and start it on the quickstart configuration
	cargo build --release --locked -p weir
	@echo
	@echo "weir serves haproxy-configs/quickstart.cfg:"
	@echo "  site        http://127.0.0.1:8080/"
	@echo "  API         http://127.0.0.1:8080/api/"
	@echo "  statistics  http://127.0.0.1:8404/"
	@echo "  reload      kill -USR2 <process id of the supervisor>"
	@echo "Ctrl-C ends it."
	@echo
	target/release/weir -db -f haproxy-configs/quickstart.cfg

.PHONY: test
test: test-needs check ## Set everything up, then run every check and every test

.PHONY: check
check: ## Format, lints and all tests, with what is installed
	conformance-tests/run-checks

.PHONY: bench
bench: build-needs ## Measure weir beside HAProxy and nginx on this machine
	cargo build --release --locked -p weir
	conformance-tests/set-up measure
	python3 conformance-tests/bench/bench.py
	python3 conformance-tests/bench/http2.py

.PHONY: storm
storm: build-needs ## 200 reloads under load, beside the same on HAProxy
	cargo build --release --locked -p weir
	conformance-tests/set-up measure
	python3 conformance-tests/bench/storm.py

.PHONY: crash
crash: build-needs ## Kill and stop each worker in turn under load
	cargo build --release --locked -p weir
	conformance-tests/set-up measure
	python3 conformance-tests/bench/crash.py

.PHONY: load-10k
load-10k: build-needs ## Check and start a configuration of 10,000 backends with 5 servers each
	cargo build --release --locked -p weir
	conformance-tests/set-up measure
	python3 conformance-tests/bench/load_10k.py

.PHONY: certificates
certificates: build-needs ## Load and reload 5,000 certificates (CERTIFICATES), beside HAProxy
	cargo build --release --locked -p weir
	conformance-tests/set-up measure
	python3 conformance-tests/bench/certificates.py

FUZZ_SECONDS ?= 120

.PHONY: fuzz
fuzz: build-needs ## Show mutated texts to every parser for FUZZ_SECONDS (120)
	@if cargo +nightly fuzz --version >/dev/null 2>&1; then \
		for crate in weir-sample weir-syntax; do \
			for target in $$(ls crates/$$crate/fuzz/fuzz_targets | sed 's/\.rs$$//'); do \
				(cd crates/$$crate && cargo +nightly fuzz run $$target -- -max_total_time=$$(($(FUZZ_SECONDS) / 7))) || exit 1; \
			done; \
		done; \
	else \
		cargo run --release --locked -q -p weir-compile --example fuzz -- $(FUZZ_SECONDS); \
	fi

.PHONY: maps
maps: build-needs ## Load and look up maps of a million entries, beside HAProxy
	cargo build --release --locked -p weir
	conformance-tests/set-up measure
	python3 conformance-tests/bench/maps.py

.PHONY: tables
tables: build-needs ## Count in a stick table of a million keys with four workers, beside HAProxy
	cargo build --release --locked -p weir
	conformance-tests/set-up measure
	python3 conformance-tests/bench/tables.py

.PHONY: checks
checks: build-needs ## Check 5,000 servers once a second, beside HAProxy
	cargo build --release --locked -p weir
	conformance-tests/set-up measure
	python3 conformance-tests/bench/checks.py

.PHONY: rules
rules: build-needs ## Measure what 100 header rules and 1,000 ACLs cost, beside HAProxy
	cargo build --release --locked -p weir
	conformance-tests/set-up measure
	python3 conformance-tests/bench/rules.py

.PHONY: record
record: ## Record transcripts of new scenarios from real HAProxy
	conformance-tests/set-up test
	cargo run -q -p conformance-tests --bin record

.PHONY: misses
misses: ## Play every scenario on weir and write the list of known misses anew
	cargo build -p weir
	cargo run -q -p conformance-tests --bin misses

.PHONY: install
install: ## Install weir, and a link called haproxy, below PREFIX (default /usr/local) and DESTDIR
	cargo build --release --locked -p weir
	install -d $(BINDIR)
	install -m 755 target/release/weir $(BINDIR)/weir
	ln -sf weir $(BINDIR)/haproxy

.PHONY: build-needs
build-needs: ## Install the system packages that building needs
	conformance-tests/set-up build

.PHONY: test-needs
test-needs: ## Install the programs that the tests compare with
	conformance-tests/set-up test
