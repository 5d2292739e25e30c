package reader_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"example.com/tokenkeeper/reader"
)

// A record in Secrets Manager: the application brings its own AWS client.
func ExampleSourceFunc() {
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	client := secretsmanager.NewFromConfig(cfg)
	source := reader.SourceFunc(func(ctx context.Context) ([]byte, error) {
		out, err := client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{
			SecretId: aws.String("tokenkeeper/tokens/meitner"),
		})
		if err != nil {
			return nil, err
		}
		return []byte(aws.ToString(out.SecretString)), nil
	})
	tokens := reader.New(source, reader.Options{
		OnError: func(err error) { slog.Warn("serving the token at hand", "error", err) },
	})

	api := &http.Client{
		Timeout:   10 * time.Second,
		Transport: &reader.Transport{Reader: tokens, Hosts: []string{"api.meitner.se"}},
	}
	resp, err := api.Get("https://api.meitner.se/v1/schools")
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status)
}

// A record in a store without AWS, at a moment when its token is live.
func ExampleReader_Token() {
	tokens := reader.New(reader.File("testdata/record_v1.json"), reader.Options{
		Now: func() time.Time { return time.Date(2026, 11, 22, 12, 30, 0, 0, time.UTC) },
	})
	token, err := tokens.Token(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(token)
	// Output: token of "meitner" issued 2026-11-22T12:00:00Z, ends 2026-11-22T13:00:00Z
}

// An expired token is an error of its own kind.
func ExampleExpiredError() {
	tokens := reader.New(reader.File("testdata/record_v1.json"), reader.Options{
		Now: func() time.Time { return time.Date(2026, 11, 22, 14, 0, 0, 0, time.UTC) },
	})
	_, err := tokens.Token(context.Background())
	if expired, ok := errors.AsType[*reader.ExpiredError](err); ok {
		fmt.Println(expired)
	}
	// Output: the token of "meitner" ended at 2026-11-22T13:00:00Z and no newer one is stored: "tokenkeeper status" says why
}
