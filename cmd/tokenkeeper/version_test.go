package main

import "testing"

func TestFitting(t *testing.T) {
	for _, row := range []struct {
		command, run string
		want         fit
	}{
		{"0.1.0", "0.1.0", fitSame},
		{"v0.1.0", "0.1.0", fitSame},
		{"0.1.0", "0.2.0", fitOlder},
		{"0.9.0", "0.10.0", fitOlder},
		{"1.0.0", "0.10.3", fitNewer},
		{"0.1.1", "0.1.0", fitNewer},
		{"v0.1.0-3-gabc1234", "v0.1.0-3-gabc1234", fitSame},
		{"v0.1.0-3-gabc1234", "v0.1.0", fitDiffers},
		{"0.1.0", "(devel)", fitDiffers},
		{"(devel)", "(devel)", fitUnknown},
		{"0.1.0", "", fitUnknown},
		{"0.1", "0.1.0", fitDiffers},
	} {
		if got := fitting(row.command, row.run); got != row.want {
			t.Errorf("command %s, run %s: %s, want %s", row.command, row.run, got, row.want)
		}
	}
}
