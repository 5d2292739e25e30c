# The three commands of a newcomer: make demo, make test, make local.

.PHONY: demo test lint local operations release soak soak-faults reliability mutants clean

demo: ## the whole job at work, with Go alone
	go run ./cmd/tokenkeeper demo

test: ## every test; installs what it needs into .tools/
	tools/test

local: ## a local AWS with four providers set up
	localstack/start

operations: ## every breakage of docs/operations.md, on an emulator
	tools/test operations

release: ## everything that is published of VERSION=0.1.0, in dist/
	go run ./tools/release -version "$(VERSION)"

soak-faults: ## every pair of faults that can befall a run and a rotating login, which takes days; of kills, minutes; in a folder, hours
	go test ./cmd/refresher -run TestTheBootstrapIsKilled -timeout 0 -v -args -kills -1
	go test ./cmd/tokenkeeper/internal/localstore -run TestEveryFaultOfARunInAFolder -timeout 0 -v -args -pairs -1
	go test ./internal/refresh -run TestEveryFaultOfARotatingLogin -timeout 0 -v -args -pairs -1
	go test ./cmd/refresher -run TestEveryFaultOfARun -timeout 0 -v -args -pairs -1

reliability: ## the figures of docs/reliability.md, of a run of the step that they are of
	mkdir -p .tools
	tools/test simulation > .tools/simulation.txt || { cat .tools/simulation.txt; exit 1; }
	grep -E '^(go test |    [a-z_]+_test.go:[0-9]+: )' .tools/simulation.txt > .tools/figures.txt
	mv .tools/figures.txt testdata/simulation.txt
	go test . -run TestReliability -args -update

soak: ## worlds from seeds for MINUTES=60 in memory, and as long over wires; a million moves of config editors
	go test -count=1 -timeout 0 -run TestGameOfConfigEditors -v ./internal/tokenendpoint -rapid.checks 33000
	go test -count=1 -timeout 0 -run TestWorlds -v ./internal/simulation -minutes $(or $(MINUTES),60)
	go test -count=1 -timeout 0 -run TestWorlds -v ./internal/simulation -minutes $(or $(MINUTES),60) -wires

mutants: ## N=300 mutants drawn by SEED=1
	go run ./tools/mutants -n $(or $(N),300) -seed $(or $(SEED),1)

lint:
	tools/test lint

clean:
	rm -rf .aws-sam .tools bin dist

# The release, or what git says of the checkout; empty where there is no git.
RELEASE ?= $(shell git describe --tags --always --dirty 2>/dev/null)

# What sam build runs. GOARCH comes from tools/build/ARCHITECTURE/Makefile, which the
# template chooses by its parameter, since SAM passes no architecture to a Makefile.
.PHONY: build-RefresherFunction
build-RefresherFunction:
	GOOS=linux GOARCH=$(or $(GOARCH),$(error GOARCH is not set)) CGO_ENABLED=0 \
		go build -trimpath -buildvcs=false -tags lambda.norpc -ldflags '-s -w -X example.com/tokenkeeper/cmd/internal/version.release=$(RELEASE)' -o $(ARTIFACTS_DIR)/bootstrap ./cmd/refresher
