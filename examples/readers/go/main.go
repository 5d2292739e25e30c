// Command go shows how an application in Go uses a token that tokenkeeper keeps:
// it sends one GET with it and prints the status.
//
//	go run ./examples/readers/go (--secret ID | --file PATH) URL
//
// --secret names a record in Secrets Manager (tokenkeeper/tokens/meitner, or its
// ARN), --file one in a store without AWS (DIR/tokens/meitner.json). It exits 0
// for a 2xx, 1 otherwise, 2 when called wrongly.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"example.com/tokenkeeper/reader"
)

func main() {
	secret := flag.String("secret", "", "name or ARN of the record in Secrets Manager")
	file := flag.String("file", "", "path of the record in a store without AWS")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: reader (--secret ID | --file PATH) URL")
		flag.PrintDefaults()
	}
	flag.Parse()
	if (*secret == "") == (*file == "") || flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	status, err := get(ctx, *secret, *file, flag.Arg(0))
	if err != nil {
		fmt.Fprintf(os.Stderr, "reader: %v\n", err)
		os.Exit(1)
	}
	fmt.Println(status)
	if status/100 != 2 {
		os.Exit(1)
	}
}

func get(ctx context.Context, secret, file, address string) (int, error) {
	target, err := url.Parse(address)
	if err != nil {
		return 0, err
	}
	source := reader.File(file)
	if secret != "" {
		cfg, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return 0, fmt.Errorf("loading the AWS configuration: %w", err)
		}
		source = secretsManager(secretsmanager.NewFromConfig(cfg), secret)
	}

	// An application makes these two once, and names its hosts in its settings.
	tokens := reader.New(source, reader.Options{
		OnError: func(err error) { slog.Warn("serving the token at hand", "error", err) },
	})
	client := &http.Client{
		Timeout:   30 * time.Second,
		Transport: &reader.Transport{Reader: tokens, Hosts: []string{target.Host}},
	}

	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	return resp.StatusCode, nil
}

// secretsManager is the Source for a record in Secrets Manager.
func secretsManager(client *secretsmanager.Client, id string) reader.Source {
	return reader.SourceFunc(func(ctx context.Context) ([]byte, error) {
		out, err := client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &id})
		if err != nil {
			return nil, err
		}
		return []byte(aws.ToString(out.SecretString)), nil
	})
}
