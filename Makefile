# Two commands for a newcomer: `make run` and `make test`. After either, plain `swift run NAME` and
# `swift test` work too.

.PHONY: run test faults lint format playbook system

run: system
	swift run Quickstart

test: system
	swift test --disable-swift-testing

# A thousand kills of processes at random moments, in some minutes; `make test` has 200 of them.
faults: system
	FIELDWORK_FAULTS=1000 swift test --disable-swift-testing \
		--filter 'FaultSuiteTests|CommandLineAttemptTests|CommandLineDeathTests'

lint:
	swift format lint --strict --recursive Package.swift Sources Tests Playbooks Benchmarks

format:
	swift format --in-place --recursive Package.swift Sources Tests Playbooks Benchmarks

# SQLite's headers are the one thing that is needed beside the Swift toolchain.
system:
	@.ci/system-packages

# Adds a playbook that builds at once: make playbook NAME=MyPlaybook
playbook: system
	@.ci/new-playbook "$(NAME)"
