package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

func (c *cli) refreshToken() *cobra.Command {
	return group("refresh-token", "Store refresh tokens of providers that need one",
		c.putRefreshToken(), c.bindRefreshToken(), c.restoreRefreshToken())
}

func (c *cli) putRefreshToken() *cobra.Command {
	var file, credential string
	cmd := c.changing(&cobra.Command{
		Use:   "put NAME",
		Short: "Store the refresh token that the next run uses",
		Long: `Store the first refresh token of a provider, or another one after its access
was granted anew. From then on the runs replace it by themselves. It is asked
for without echo, or read from a file with mode 0600, or from what is piped in.

A refresh token belongs to the credential that it was obtained with, and is
never sent with another. That is the one with the provider's name, unless
--credential names it.`,
		Example: `  tokenkeeper refresh-token put acme
  tokenkeeper refresh-token put acme --credential erp --file refresh-token.txt`,
		Args: oneName,
	}, func(cmd *cobra.Command, to place.Place, args []string) error {
		if err := c.known(cmd.Context(), to, args); err != nil {
			return err
		}
		if err := suits(cmd.Context(), to, args[0], credential); err != nil {
			return err
		}
		token, err := c.readSecret(file, fmt.Sprintf("Paste the refresh token of %s. It is not shown.", args[0]))
		if err != nil {
			return err
		}
		token = secret.New(strings.TrimSpace(token.Reveal()))
		if err := checkRefreshToken(token); err != nil {
			return fmt.Errorf("the refresh token of %s: %w", args[0], err)
		}
		if err := to.PutRefreshToken(cmd.Context(), args[0], token, other(credential, args[0])); err != nil {
			return err
		}
		return c.show(putView{Stored: "the refresh token of " + args[0]})
	})
	cmd.Flags().StringVar(&file, "file", "", "a `file` with the refresh token, of mode 0600")
	cmd.Flags().StringVar(&credential, "credential", "", "the `name` of the credential that it was obtained with")
	return cmd
}

func (c *cli) bindRefreshToken() *cobra.Command {
	var credential string
	cmd := c.changing(&cobra.Command{
		Use:   "bind NAME --credential CREDENTIAL",
		Short: "Say which credential the stored refresh token was obtained with",
		Long: `Say which credential the stored refresh token of a provider was obtained with,
where that is not the one with the provider's name. It is sent with no other: a
config that names another is refused, so that who may edit configs cannot have
it sent elsewhere. The token is not shown.`,
		Example: `  tokenkeeper refresh-token bind acme --credential erp`,
		Args:    oneName,
	}, func(cmd *cobra.Command, to place.Place, args []string) error {
		if err := refresh.CheckName(credential); err != nil {
			return instead(err, "name the credential: --credential NAME", "")
		}
		if err := c.known(cmd.Context(), to, args); err != nil {
			return err
		}
		switch err := to.BindRefreshToken(cmd.Context(), args[0], other(credential, args[0])); {
		case errors.Is(err, refresh.ErrClaimed):
			return instead(err, "a run has the refresh token: try again in a few minutes, or after the next refresh if that run was interrupted", "")
		case errors.Is(err, refresh.ErrNotFound):
			return instead(err, "put one in: "+to.Guide().Command("refresh-token put", args[0]), "")
		case err != nil:
			return err
		}
		return c.show(putView{Stored: fmt.Sprintf("that the refresh token of %s is for the credential %s", args[0], credential)})
	})
	cmd.Flags().StringVar(&credential, "credential", "", "the `name` of the credential that it was obtained with")
	return cmd
}

func (c *cli) restoreRefreshToken() *cobra.Command {
	return c.changing(&cobra.Command{
		Use:   "restore NAME",
		Short: "Make the refresh token before the present one current again",
		Long: `Make the refresh token before the present one the one that the next run uses:
where the wrong one was put in, or a provider takes the old one again. Many a
provider ends all tokens of an account when an old refresh token is used.`,
		Example: `  tokenkeeper refresh-token restore acme`,
		Args:    oneName,
	}, func(cmd *cobra.Command, to place.Place, args []string) error {
		if err := c.known(cmd.Context(), to, args); err != nil {
			return err
		}
		switch err := to.RestoreRefreshToken(cmd.Context(), args[0]); {
		case errors.Is(err, refresh.ErrNotFound):
			return instead(err, "there is none before it: obtain one from the provider, and put it in: "+to.Guide().Command("refresh-token put", args[0]), "")
		case err != nil:
			return err
		}
		return c.show(putView{Stored: "the refresh token of " + args[0] + " that was there before"})
	})
}

// checkRefreshToken says what cannot be a refresh token (RFC 6749 appendix A.17), mostly
// because of the way in which it was pasted.
func checkRefreshToken(token secret.Text) error {
	text := token.Reveal()
	switch {
	case text == "":
		return errors.New("it is empty")
	case strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }):
		return errors.New("it has a character that no refresh token has; put in the token alone")
	}
	return nil
}

// suits refuses a refresh token that is put in for another credential than the config names:
// it would not be sent.
func suits(ctx context.Context, from place.Reader, provider, credential string) error {
	if credential == "" {
		credential = provider
	}
	configs, err := place.Configs(ctx, from)
	if err != nil {
		return err
	}
	for _, doc := range configs {
		if named, ok := doc.CredentialName(); doc.Name == provider && ok && named != credential {
			return instead(fmt.Errorf("the config of %s logs in with the credential %q, and the refresh token would be for %q", provider, named, credential),
				fmt.Sprintf("if it was obtained with that credential, say --credential %s", named), "")
		}
	}
	return nil
}

// other returns the name of a credential, or "" for the one with the provider's name.
func other(credential, provider string) string {
	if credential == provider {
		return ""
	}
	return credential
}
