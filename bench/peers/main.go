// Command peers does in tokenkeeper's place what a scheduled function in Go does: it logs in
// to each provider with golang.org/x/oauth2, and puts the token into its secret.
//
//	peers         one provider after the other
//	peers -at 64  64 at a time
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
	"golang.org/x/sync/errgroup"
)

func main() {
	at := flag.Int("at", 1, "how many providers are refreshed at a time")
	flag.Parse()
	if err := run(context.Background(), *at); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type clients struct {
	ssm     *ssm.Client
	secrets *secretsmanager.Client
}

func run(ctx context.Context, at int) error {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	c := clients{ssm.NewFromConfig(cfg), secretsmanager.NewFromConfig(cfg)}
	var all errgroup.Group
	all.SetLimit(at)
	pages := ssm.NewGetParametersByPathPaginator(c.ssm, &ssm.GetParametersByPathInput{Path: aws.String("/tokenkeeper/providers")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, p := range page.Parameters {
			all.Go(func() error {
				name := path.Base(*p.Name)
				if err := c.refresh(ctx, name, *p.Value); err != nil {
					fmt.Fprintf(os.Stderr, "%s: %v\n", name, err) // the others go on
				}
				return nil
			})
		}
	}
	return all.Wait()
}

func (c clients) refresh(ctx context.Context, name, provider string) error {
	var endpoint struct {
		URL string `json:"token_endpoint"`
	}
	if err := json.Unmarshal([]byte(provider), &endpoint); err != nil {
		return err
	}
	parameter, err := c.ssm.GetParameter(ctx, &ssm.GetParameterInput{
		Name: aws.String("/tokenkeeper/credentials/" + name), WithDecryption: aws.Bool(true),
	})
	if err != nil {
		return err
	}
	var credential struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	if err := json.Unmarshal([]byte(*parameter.Parameter.Value), &credential); err != nil {
		return err
	}
	login := clientcredentials.Config{
		ClientID: credential.ID, ClientSecret: credential.Secret, TokenURL: endpoint.URL, AuthStyle: oauth2.AuthStyleInParams,
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	token, err := login.Token(ctx)
	if err != nil {
		return err
	}
	record, err := json.Marshal(map[string]any{"access_token": token.AccessToken, "expires_at": token.Expiry.Unix()})
	if err != nil {
		return err
	}
	_, err = c.secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId: aws.String("tokenkeeper/tokens/" + name), SecretString: aws.String(string(record)),
	})
	return err
}
