// Command seed puts what it takes to try tokenkeeper into a local AWS: a config and a
// credential for each of the four providers that 'tokenkeeper simulate' plays.
//
//	go run ./localstack/seed [-providers http://127.0.0.1:8787]
//
// The local AWS is the one at AWS_ENDPOINT_URL, or at http://127.0.0.1:4566. It starts
// nothing, and may be run again: it puts the same.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"example.com/tokenkeeper/internal/simulator"
)

func main() {
	providers := flag.String("providers", "http://127.0.0.1:8787", "where the simulated providers are")
	namespace := flag.String("namespace", "tokenkeeper", "what the names of all parameters begin with")
	flag.Parse()
	endpoint := cmp.Or(os.Getenv("AWS_ENDPOINT_URL"), "http://127.0.0.1:4566")
	if err := seed(context.Background(), endpoint, *providers, *namespace); err != nil {
		fmt.Fprintf(os.Stderr, "seed: %v\n", err)
		os.Exit(1)
	}
	fmt.Printf(`%s has configs and credentials of %s.
Serve these providers:   go run ./cmd/tokenkeeper simulate --address %s
Run the function once:   localstack/invoke events/tick.json
`, endpoint, strings.Join(simulator.Names(), ", "), strings.TrimPrefix(*providers, "http://"))
}

func seed(ctx context.Context, endpoint, providers, namespace string) error {
	if !loopback(endpoint) {
		return fmt.Errorf("AWS_ENDPOINT_URL is %q, which is not on this machine: invented credentials are for a local AWS alone", endpoint)
	}
	sim := simulator.New(simulator.Options{})
	configs, err := sim.Configs(providers)
	if err != nil {
		return err
	}
	credentials, err := sim.Credentials(providers)
	if err != nil {
		return err
	}
	client := ssm.NewFromConfig(aws.Config{
		Region:       cmp.Or(os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"), "us-east-1"),
		BaseEndpoint: aws.String(endpoint),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			// Whatever keys the shell has, they are not shown to an emulator.
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	})
	for _, name := range simulator.Names() {
		for _, p := range []struct {
			place string
			kind  types.ParameterType
			value []byte
		}{
			{"providers", types.ParameterTypeString, configs[name]},
			{"credentials", types.ParameterTypeSecureString, credentials[name]},
		} {
			parameter := "/" + namespace + "/" + p.place + "/" + name
			if _, err := client.PutParameter(ctx, &ssm.PutParameterInput{
				Name: aws.String(parameter), Type: p.kind, Value: aws.String(string(p.value)), Overwrite: aws.Bool(true),
			}); err != nil {
				return fmt.Errorf("putting %s: %w", parameter, err)
			}
		}
	}
	return nil
}

// loopback reports whether a URL leads to this machine. LocalStack's own name for it,
// which resolves to 127.0.0.1, counts.
func loopback(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil {
		return false
	}
	host := u.Hostname()
	return host == "localhost" || host == "localhost.localstack.cloud" || net.ParseIP(host).IsLoopback()
}
