# What can be done here: make help. Every target says what it does in the ##
# comment that help prints.

SHELL := /bin/sh
.DEFAULT_GOAL := help

# Packages are tested one or two at a time: most start PostgreSQL servers, and
# the race detector multiplies what they use.
TEST_PARALLEL ?= 2
TEST_TIMEOUT  ?= 9m
RACE_COUNT    ?= 3
FUZZTIME      ?= 30s
STRESS_TIME   ?= 5m
HOSTILE_TIME  ?= 8m

# Pinned, so that a check means the same for everybody.
GOLANGCI_LINT := v2.15.0
GOVULNCHECK   := v1.9.0

lint := bin/golangci-lint-$(GOLANGCI_LINT)
vuln := bin/govulncheck-$(GOVULNCHECK)

.PHONY: help setup build run test check race fuzz bench stress hostile clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## find PostgreSQL or install it, fetch the Go modules
	@scripts/setup.sh

build: ## build bin/unoactor
	go build -o bin/unoactor ./cmd/unoactor

run: setup build ## a supervised PostgreSQL to play with, removed on Ctrl-C
	bin/unoactor dev

test: setup ## all tests with the race detector, on PostgreSQL servers that they start
	go test -race -count 1 -p $(TEST_PARALLEL) -timeout $(TEST_TIMEOUT) ./...

check: $(lint) $(vuln) ## formatting, vet, linters, layers, go.mod, known vulnerabilities
	@scripts/check.sh $(lint) $(vuln)

race: setup ## the tests RACE_COUNT times over with the race detector, in random order
	go test -race -count $(RACE_COUNT) -shuffle on -p $(TEST_PARALLEL) -timeout 60m ./...

fuzz: ## each fuzz test for FUZZTIME (30s)
	@scripts/fuzz.sh $(FUZZTIME)

bench: setup build ## measure side by side with the peers; results in bench/out
	go run ./bench

stress: setup ## the tests again and again with the race detector for STRESS_TIME, until one fails
	@scripts/stress.sh $(STRESS_TIME)

hostile: setup ## lying clients, servers and machines against the daemon for HOSTILE_TIME, with random seeds
	HOSTILE_TIME=$(HOSTILE_TIME) go test -count 1 -v -timeout 60m ./internal/hostile

clean: ## remove what was built and measured, and the cached initdb results
	rm -rf bin bench/out "$${XDG_CACHE_HOME:-$$HOME/.cache}/unoactor"

# Built once and kept, because a linter takes minutes to compile. GOFLAGS is
# emptied: these are programs of their own, not dependencies of this module.
$(lint):
	@echo "building golangci-lint $(GOLANGCI_LINT), once; this takes some minutes"
	@scripts/tool.sh $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT)

$(vuln):
	@echo "building govulncheck $(GOVULNCHECK), once"
	@scripts/tool.sh $@ golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK)
