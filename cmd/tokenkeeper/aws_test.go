package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"example.com/tokenkeeper/internal/accounttest"
	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/paramstore"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secretstore"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// A function is Lambda with one function in it, which does in this process what the
// deployed one does, on the same account.
type function struct {
	runner *refresh.Runner
	log    *accounttest.LogGroup

	mu      sync.Mutex
	busy    int    // how many invocations are still refused
	refusal string // the error code of every answer; empty: none
}

// deploy sets up a function that runs by that clock.
func deploy(account *awstest.AWS, now func() time.Time) *function {
	cfg := account.Config()
	parameters, secrets := ssm.NewFromConfig(cfg), secretsmanager.NewFromConfig(cfg)
	return &function{log: &accounttest.LogGroup{Name: logGroupName, Now: now}, runner: &refresh.Runner{
		Source: paramstore.Source{
			Providers:        &paramstore.Providers{Client: parameters, Path: "/tokenkeeper/providers", Approved: "/tokenkeeper/approved"},
			CredentialReader: &paramstore.Credentials{Client: parameters, Path: "/tokenkeeper/credentials"},
		},
		Parser:   tokenendpoint.New(tokenendpoint.Options{AllowLoopback: true, Now: now}),
		Store:    &secretstore.Store{Client: secrets, Prefix: "tokenkeeper/tokens/", Stack: "tokenkeeper", Now: now},
		Vault:    &secretstore.Vault{Secrets: secretstore.Store{Client: secrets, Prefix: "tokenkeeper/private/", Stack: "tokenkeeper", Now: now}, LongestRun: secretstore.LongestRun(time.Minute)},
		Schedule: refresh.Schedule{Tick: time.Minute, CacheAge: 5 * time.Minute, Distance: secretstore.Distance, Claims: secretstore.Claims(time.Minute)},
		Now:      now,
	}}
}

const logGroupName = "tokenkeeper-RefresherLog-3x"

const functionName = "tokenkeeper-RefresherFunction-8Qk2"

// ServeHTTP answers the three operations that the command line uses.
func (f *function) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	refusal := f.refusal
	f.mu.Unlock()
	if refusal != "" {
		w.Header().Set("X-Amzn-ErrorType", refusal)
		answer(w, http.StatusForbidden, map[string]string{"Message": "refused"})
		return
	}
	settings := map[string]any{"FunctionName": functionName, "LoggingConfig": map[string]any{"LogGroup": logGroupName}, "Environment": map[string]any{"Variables": map[string]string{
		"TOKENKEEPER_NAMESPACE": "tokenkeeper", "TOKENKEEPER_STACK": "tokenkeeper", "TOKENKEEPER_CREDENTIAL_STORE": "ssm",
		"TOKENKEEPER_TICK": "1m", "TOKENKEEPER_CACHE_AGE": "300s", "TOKENKEEPER_ALLOW_LOOPBACK": "true",
		"TOKENKEEPER_CREATE_SECRETS": strconv.FormatBool(!f.runner.Store.(*secretstore.Store).NoCreate),
	}}}
	other := map[string]any{"FunctionName": "somebody-elses"}
	west := map[string]any{"FunctionName": "west-RefresherFunction-1Zb7", "LoggingConfig": map[string]any{"LogGroup": logGroupName}, "Environment": map[string]any{"Variables": map[string]string{
		"TOKENKEEPER_NAMESPACE": "west", "TOKENKEEPER_STACK": "west", "TOKENKEEPER_CREDENTIAL_STORE": "ssm", "TOKENKEEPER_TICK": "1m", "TOKENKEEPER_CACHE_AGE": "300s",
	}}}
	switch r.Method + " " + r.URL.Path {
	case "GET /2015-03-31/functions":
		answer(w, http.StatusOK, map[string]any{"Functions": []any{other, west, settings}})
	case "GET /2015-03-31/functions/" + functionName + "/configuration":
		answer(w, http.StatusOK, settings)
	case "POST /2015-03-31/functions/" + functionName + "/invocations":
		f.invoke(w, r)
	case "GET /2016-08-19/account-settings":
		answer(w, http.StatusOK, map[string]any{"AccountLimit": map[string]any{"UnreservedConcurrentExecutions": 1000}})
	default:
		w.Header().Set("X-Amzn-ErrorType", "ResourceNotFoundException")
		answer(w, http.StatusNotFound, map[string]string{"Message": "Function not found"})
	}
}

func (f *function) invoke(w http.ResponseWriter, r *http.Request) {
	if f.refuses() {
		w.Header().Set("X-Amzn-ErrorType", "TooManyRequestsException")
		answer(w, http.StatusTooManyRequests, map[string]string{"Reason": "ReservedFunctionConcurrentInvocationLimitExceeded"})
		return
	}
	var event struct {
		Refresh []string
		Force   bool
	}
	if err := json.NewDecoder(r.Body).Decode(&event); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	report, err := f.runner.Run(r.Context(), refresh.Job{Only: event.Refresh, Force: event.Force})
	if err != nil {
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
		answer(w, http.StatusOK, map[string]string{"errorType": "RefreshFailed", "errorMessage": err.Error()})
		return
	}
	answer(w, http.StatusOK, report.Summary())
}

func (f *function) refuses() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.busy--
	return f.busy >= 0
}

func (f *function) refuse(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.busy = n
}

// tick runs the function as the schedule does.
func (f *function) tick(ctx context.Context) error {
	report, err := f.runner.Run(ctx, refresh.Job{})
	f.logs(ctx, report, err)
	if errors.As(said(err, report), new(outcome)) {
		return nil
	}
	return err
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		panic(fmt.Sprintf("encoding an answer of Lambda: %v", err))
	}
}

// logs writes what the function writes of a run.
func (f *function) logs(ctx context.Context, r *refresh.Report, err error) {
	log := slog.New(slog.NewJSONHandler(f.log, &slog.HandlerOptions{Level: slog.LevelInfo}))
	r.Log(ctx, log)
	if e, ok := errors.AsType[*refresh.Error](err); ok && len(r.Results) == 0 {
		log.ErrorContext(ctx, "the run could not begin", "event", "run_not_begun", "error", err.Error(), "class", e.Class, "code", e.Code, "remedy", e.Remedy)
		log.InfoContext(ctx, "invocation summed up", "event", "run_not_begun")
		return
	}
	log.InfoContext(ctx, "invocation summed up", "event", "run_completed", "RunCompleted", 1, "Refreshed", r.Count(refresh.Refreshed), "Failing", r.Failing(), "version", "1.0.0",
		"_aws", map[string]any{"Timestamp": r.At.UnixMilli()})
}
