FUZZTIME ?= 10s

# The race detector needs cgo, which the go command turns off where it finds no
# C compiler.
ifeq ($(shell go env CGO_ENABLED),1)
RACE = -race $(BLIND)
endif

# The race detector looks at each access to memory. In tests on SQLite most of them are SQLite's own, in its C
# that was translated to Go. That works on memory outside of Go's heap, about which the detector
# knows nothing, so these two packages are built without it: tests of many writes take a fifth of the time. The
# driver (modernc.org/sqlite itself), sync and all of crmkit are built with it.
BLIND = -gcflags=modernc.org/sqlite/lib=-race=false -gcflags=modernc.org/libc=-race=false

# Tests that send one request after the other, thousands of them, or whole files: they take the race detector
# long, and it finds nothing that it does not find in other tests. They run without it. Of TestConfigurations
# these are the ways to connect to PostgreSQL; with each engine and each part of memory it runs in both ways.
LONG_ALONE = ^(TestTranscriptsOnPostgres|TestMovedServerAnswersTheSame|TestToolsFinishLongImports|TestDryRunsMatchImports|TestTablesComeBack|TestWritesReadLittle|TestImportedCells|$\
TestSearchesAreTheSameOnEachEngine|TestTotals|TestReadersSeeNoStepsOfADelete|TestReadersSeeNoStepsOfAMerge|TestUndoOfEachWrite|$\
TestResumedDeletesDeleteNothingUnseen|TestDryRunsHavePages|TestServersConfirmDryRunsOfOthers|TestPlansHoldWhileReceiptsDo|TestBulkEditsAreTheirModel)$$
CONNECTIONS = ^TestConfigurations$$/^(postgres,_.*|pooler)$$

.PHONY: build run test soak bench fuzz lint ci

build:
	CGO_ENABLED=0 go build -trimpath -o crmkit .

run: build
	./crmkit serve --local

# As a developer runs it all day: in minutes, and the last lines say what it left out. With
# CI set it leaves nothing out, and what is missing on the machine is a failure.
test:
ifdef CI
ifndef RACE
	@echo "the race detector needs a C compiler and cgo; CI must not skip it"; exit 1
endif
	@server/e2e/testdata/clients/install
	@store/postgres/pgtest/testdata/install
	go test $(RACE) -timeout 40m -skip '$(LONG_ALONE)|$(CONNECTIONS)' ./...
	go test -timeout 20m -run '$(LONG_ALONE)|$(CONNECTIONS)' ./server ./store
	go test -timeout 20m ./store -reversed -skip '/postgres' # rows without an order come last first
else
	go test -short ./...
	@echo "left out: the race detector"
	@grep -rhoE 'left out: [^"]+' --include=*_test.go . | sort | uniq -c | sed 's/^ *\([0-9]*\) \(.*\)/\2 (\1 tests)/'
	@echo "CI=true make test runs everything"
endif

# Every fault for ten seconds, three times over; as root, since it makes disks.
soak:
	go test -run '^TestSoak' -timeout 60m -v ./server/e2e -soak 10s -soak-rounds 3

# Three sizes of workspaces, of which the largest takes some minutes and 5 GB of disk;
# BENCH_SIZES=10000 is the short form. BENCH names rows, like Growth or 'Server/fetch$$'.
BENCH_SIZES ?= 10000,100000,1000000
BENCH_TIME ?= 3s
BENCH ?= .

bench:
	CRMKIT_BENCH_SIZES=$(BENCH_SIZES) go test -run '^$$' -bench '$(BENCH)' -benchtime $(BENCH_TIME) -timeout 60m ./server ./server/e2e

fuzz:
	@set -e; for pkg in $$(go list ./...); do \
		tests=$$(go test -list '^Fuzz' $$pkg); \
		for target in $$(echo "$$tests" | sed -n '/^Fuzz/p'); do \
			echo "$$pkg $$target for $(FUZZTIME)"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$pkg; \
		done; \
	done

lint:
	@test -z "$$(gofmt -l .)" || { gofmt -d .; exit 1; }
	go vet ./...
	go tool -modfile=tools/go.mod staticcheck ./...

ci:
	.ci/run
