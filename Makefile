# The three commands of a newcomer: make demo, make test, make local.

.PHONY: demo test lint local clean

demo: ## the whole job at work, with Go alone
	go run ./cmd/tokenkeeper demo

test: ## every test; installs what it needs into .tools/
	tools/test

lint:
	tools/test lint

clean:
	rm -rf .aws-sam .tools bin
