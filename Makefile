# Every target installs what it needs (Debian or Ubuntu with Swift) and says so.
# `make demo` shows what Pawl does; `make test` passes the tests.

SHELL := /bin/bash
# The program sqlite3 counts what the demo has left, in a test and for whoever wants to.
PACKAGES := libsqlite3-dev sqlite3 libpq-dev pkg-config
# The tests start PostgreSQL servers of their own.
SERVER_PACKAGES := postgresql
# TLC, which checks the specs, runs on Java; pip gets it. Where there is a pip already, it will do.
SPEC_PACKAGES = default-jre-headless python3 \
	$(shell python3 -m pip --version >/dev/null 2>&1 || echo python3-pip)
ROUNDS ?= 1000
MESSAGES ?= 100000

.PHONY: demo test specs check bench soak lint docs setup

demo: setup
	swift build -c release --product pawl
	PAWL_INVOKED_AS="make demo" "$$(swift build -c release --show-bin-path)/pawl" demo $(ARGS)

test: setup
	@Scripts/install-packages $(SERVER_PACKAGES)
	swift build --build-tests
	Scripts/run-tests

# Checks the TLA+ specs, and that the code does what they say; see Specs/README.md. Of the build that
# the tests need anyway.
specs: setup
	@Scripts/install-packages $(SPEC_PACKAGES)
	swift build --product pawl
	python3 -B Specs/check "$$(swift build --show-bin-path)/pawl" $(PARTS)

# The algorithms that ship, in all their small scopes, and the mistakes that have to be found.
check: setup
	swift build -c release --product pawl
	"$$(swift build -c release --show-bin-path)/pawl" check
	"$$(swift build -c release --show-bin-path)/pawl" check --mutants

bench: setup
	swift build -c release --product pawl
	Benchmarks/run "$$(swift build -c release --show-bin-path)/pawl" $(MESSAGES)
	Benchmarks/check "$$(swift build -c release --show-bin-path)/pawl"

# The tests that draw their faults at random, for as long as one likes, and the scopes of the checker
# that take minutes: make soak ROUNDS=10000
soak: setup
	@Scripts/install-packages $(SERVER_PACKAGES)
	swift build --build-tests
	PAWL_SOAK_ROUNDS=$(ROUNDS) Scripts/run-tests --filter 'CrashTests|PowerCutTests|CatalogueTests'
	swift build -c release --product pawl
	Scripts/check-larger-scopes "$$(swift build -c release --show-bin-path)/pawl" $(ROUNDS)

lint: setup
	swift format lint --strict -r -p Package.swift Sources Tests Examples Benchmarks

docs: setup
	Scripts/build-docs

setup:
	@Scripts/install-packages $(PACKAGES)
