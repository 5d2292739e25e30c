package answer_test

import (
	"strings"
	"testing"
)

// A scope that was granted in other words is no warning; one that was not granted is.
func TestScopesInOtherWords(t *testing.T) {
	for _, row := range []struct{ asked, granted, missing string }{
		{"https://graph.microsoft.com/.default", "https://graph.microsoft.com/User.Read.All", ""},
		{"api://8d3a/.default", "access_as_application", ""},
		{"openid offline_access User.Read", "openid User.Read profile", ""},
		{"https://graph.microsoft.com/User.Read", "User.Read", ""},
		{"user.read", "https://graph.microsoft.com/User.Read", ""},
		{"email profile openid", "https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/userinfo.profile openid", ""},
		{"https://www.googleapis.com/auth/userinfo.email", "email", ""},
		{"read write", "read,write", ""},
		{"read write", "read\nwrite", ""},
		{"read write", "read\twrite", ""},
		{"api refresh_token", "api", ""},
		{"openid offline", "openid", ""},
		{"https://outlook.office.com/.default offline_access", "https://outlook.office.com/Mail.Read", ""},
		{"offline_read", "read", `"offline_read"`},
		{"read", "reader", `"read"`},
		{"https://graph.microsoft.com/User.Read", "Mail.Read", `"https://graph.microsoft.com/User.Read"`},
		{"offline_access write", "read", `"write"`},
		{"a b c", "b", `"a" and "c"`},
	} {
		s := shape(t)
		s.Scopes = strings.Fields(row.asked)
		g, f := granted(s, message(`{"access_token": "t", "expires_in": 60, "scope": `+quoted(row.granted)+`}`))
		if f != nil || g.Scope != row.granted || (len(g.Warnings) > 0) != (row.missing != "") {
			t.Errorf("%s: %+v, %+v", row.asked, g, f)
			continue
		}
		if row.missing != "" && !strings.Contains(g.Warnings[0], ": "+row.missing+" is missing") {
			t.Errorf("%s: %q", row.asked, g.Warnings)
		}
	}
}
