# Two commands for a newcomer: `make run` and `make test`. After either, plain `swift run NAME` and
# `swift test` work too.

.PHONY: run test faults faults-slurm lint format bench bench-peers playbook system

run: system
	swift run Quickstart

test: system
	@.ci/test

# A thousand kills of processes at random moments, in some minutes; `make test` has 200 of them.
faults: system
	FIELDWORK_FAULTS=1000 swift test --disable-swift-testing \
		--filter 'FaultSuiteTests|CommandLineAttemptTests|CommandLineDeathTests|CommandLineProgramTests|CommandLineCacheTests|CommandLineCleanupTests'

# Faults of a cluster on a real Slurm of four nodes on this machine, in some minutes; needs root and Debian's packages.
faults-slurm: system
	swift build --build-tests
	.ci/slurm FieldworkTests.SlurmTests,FieldworkTests.SlurmFaultTests
	.ci/slurm-shared

lint:
	swift format lint --strict --recursive Package.swift Sources Tests Playbooks Benchmarks

format:
	swift format --in-place --recursive Package.swift Sources Tests Playbooks Benchmarks

# What Fieldwork is to reach, in some minutes; docs/performance.md says what each row measures.
bench: system
	swift build -c release --product Benchmarks
	$$(swift build -c release --show-bin-path)/Benchmarks aims $(BENCH)

# The Python with the peers that `make bench` compares with.
bench-peers: .peers/installed

.peers/installed: Benchmarks/peers/requirements.txt
	python3 -m venv .peers
	.peers/bin/pip install --quiet --requirement Benchmarks/peers/requirements.txt
	touch $@

# SQLite's headers are the one thing that is needed beside the Swift toolchain.
system:
	@.ci/system-packages

# Adds a playbook that builds at once: make playbook NAME=MyPlaybook
# With PROGRAM=path/to/script, each experiment is a run of that script.
playbook: system
	@.ci/new-playbook "$(NAME)" "$(PROGRAM)"
