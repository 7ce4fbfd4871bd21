# Two commands for a newcomer: `make run` and `make test`. After either, plain `swift run NAME` and
# `swift test` work too.

.PHONY: run test lint format playbook system

run: system
	swift run Quickstart

test: system
	swift test --disable-swift-testing

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
