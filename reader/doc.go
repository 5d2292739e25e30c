// Package reader gives an application the access token that tokenkeeper keeps
// for it. It holds no client secret and never logs in: it looks at one record,
// remembers it, and looks again when a newer one is expected.
//
// # Use
//
// A [Source] answers with the record as it is stored. Without AWS that is a
// file, [File]. For Secrets Manager it is six lines around the client that the
// application already has, so that this package needs nothing beyond the
// standard library:
//
//	client := secretsmanager.NewFromConfig(cfg)
//	source := reader.SourceFunc(func(ctx context.Context) ([]byte, error) {
//		out, err := client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{
//			SecretId: aws.String("tokenkeeper/tokens/meitner"),
//		})
//		if err != nil {
//			return nil, err
//		}
//		return []byte(aws.ToString(out.SecretString)), nil
//	})
//
// Then either ask for the token, or let an HTTP client carry it:
//
//	tokens := reader.New(source, reader.Options{})
//	api := &http.Client{Transport: &reader.Transport{
//		Reader: tokens,
//		Hosts:  []string{"api.meitner.se"},
//	}}
//
// Make one [Reader] for each provider and keep it for the life of the process;
// in a Lambda function, outside the handler.
//
// # When it looks
//
// The record says when its token is due to be replaced (refresh_after) and when
// the token expires (expires_at). Until refresh_after nothing new is expected
// and the Reader does not look. From then on it looks when it is asked for a
// token, at most every 30 seconds ([Options.Recheck]), and serves what it has
// until expires_at. After that it returns an [ExpiredError], never a dead token.
//
// A token can be replaced before its time: a refresh was forced, the config was
// edited, or the provider allows one session and another login ended ours. The
// API then answers 401, and [Transport] (or [Reader.Replacement], for callers that
// send requests themselves) looks again at once. Where an API does not say 401,
// set [Options.CacheAge].
//
// A look that fails costs nothing while the token at hand is live: the token is
// served and [Options.OnError] is called. However many goroutines ask, one look is
// under way at a time; it belongs to none of them, so a caller that gives up
// does not end it for the others. There is no polling: with no calls there are
// no looks, and a look ends within [Options.Timeout].
package reader
