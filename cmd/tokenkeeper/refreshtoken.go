package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/status"
	"example.com/tokenkeeper/internal/secret"
)

func (c *cli) refreshToken() *cobra.Command {
	var where placeFlags
	var file string
	put := &cobra.Command{
		Use:   "put NAME",
		Short: "Store the refresh token that the next run uses",
		Long: `Store the first refresh token of a provider, or another one after its access
was granted anew. From then on the runs replace it by themselves. It is asked
for without echo, or read from a file with mode 0600, or from what is piped in.`,
		Example: `  tokenkeeper refresh-token put acme
  tokenkeeper refresh-token put acme --file refresh-token.txt`,
		Args: oneName,
		RunE: func(cmd *cobra.Command, args []string) error {
			to, err := where.openToChange(cmd.Context(), c)
			if err != nil {
				return err
			}
			defer to.Close()
			if err := (status.Lookout{Place: to, Parser: c.parser(true)}).Find(cmd.Context(), args[0]); err != nil {
				return nameError(to.Guide(), err)
			}
			token, err := c.readSecret(file, fmt.Sprintf("Paste the refresh token of %s. It is not shown.", args[0]))
			if err != nil {
				return err
			}
			token = secret.New(strings.TrimSpace(token.Reveal()))
			if err := to.PutRefreshToken(cmd.Context(), args[0], token); err != nil {
				return err
			}
			return c.show(putView{Stored: "the refresh token of " + args[0]})
		},
	}
	put.Flags().StringVar(&file, "file", "", "a `file` with the refresh token, of mode 0600")
	where.register(put)
	return group("refresh-token", "Store refresh tokens of providers that need one", put)
}
