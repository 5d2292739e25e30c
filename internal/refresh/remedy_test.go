package refresh_test

import (
	"testing"

	"example.com/tokenkeeper/internal/refresh"
)

// A command in a remedy is whole: its reader in a log pastes it.
func TestCommandsInRemediesAreWhole(t *testing.T) {
	for _, row := range []struct{ flags, remedy, want string }{
		{"--dir d", "put it in with 'tokenkeeper credential put acme'", "put it in with 'tokenkeeper credential put acme --dir d'"},
		{"--dir d", "if it may be replaced, run 'tokenkeeper adopt NAME'; else rename the provider",
			"if it may be replaced, run 'tokenkeeper adopt acme --dir d'; else rename the provider"},
		{"--stack s --region r", "'tokenkeeper refresh-token bind NAME --credential acme', or 'tokenkeeper approve NAME'",
			"'tokenkeeper refresh-token bind acme --credential acme --stack s --region r', or 'tokenkeeper approve acme --stack s --region r'"},
		{"", "run 'tokenkeeper approve NAME'", "run 'tokenkeeper approve acme'"},
		{"--dir d", "look at client_id, 'NAME' and tokenkeeper", "look at client_id, 'NAME' and tokenkeeper"},
	} {
		if got := refresh.CompleteRemedy(row.flags, "acme", row.remedy); got != row.want {
			t.Errorf("%s, want %s", got, row.want)
		}
	}
}
