package status

import (
	"fmt"
	"strings"
	"time"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
	"example.com/tokenkeeper/internal/refresh"
)

// An advice is what to tell of a failure of which only the class and the code are kept: a
// note holds fixed words and nothing that a provider sent.
type advice struct {
	wrong string
	do    func(*judgement) step
}

func (a advice) step(j *judgement) step {
	if a.do == nil {
		return step{}
	}
	return a.do(j)
}

// What there is to do.

func editCredential(j *judgement) step {
	if j.chance() {
		return lookLater(j, j.credentialPlace())
	}
	return step{fmt.Sprintf("Put what the provider accepts into %s; the next run tries it at once.", j.credentialPlace()), j.credentialCommand()}
}

func putCredential(j *judgement) step {
	return step{fmt.Sprintf("Put it there: %s.", j.credentialPlace()), j.credentialCommand()}
}

func editConfig(j *judgement) step {
	if j.chance() {
		return lookLater(j, j.Provider.Where)
	}
	return step{fmt.Sprintf("Mend %s; the next run tries it at once. More is in %s.", j.Provider.Where, j.guide.Log()), ""}
}

func editEither(j *judgement) step {
	if j.chance() {
		return lookLater(j, j.Provider.Where+" and "+j.credentialPlace())
	}
	return step{fmt.Sprintf("Mend %s or %s; the next run tries it at once. More is in %s.",
		j.Provider.Where, j.credentialPlace(), j.guide.Log()), ""}
}

// lookLater is for an answer that makes no sense, which may have been chance.
func lookLater(j *judgement, where string) step {
	return step{fmt.Sprintf("It is asked again by itself. If it stays so, look at %s; more is in %s.", where, j.guide.Log()), ""}
}

// chance reports whether the failure is not yet taken for one that a person must mend.
func (j *judgement) chance() bool { return j.line.Class == refresh.Transient }

func lookAtLog(j *judgement) step {
	return step{fmt.Sprintf("What exactly is wrong stands in %s.", j.guide.Log()), ""}
}

func wait(j *judgement) step {
	return step{fmt.Sprintf("It is asked again by itself. If it lasts, ask the provider; more is in %s.", j.guide.Log()), ""}
}

func check(j *judgement) step {
	return step{"To see all that is wrong:", j.guide.Command("check", "")}
}

func putRefreshToken(j *judgement) step {
	return step{"Obtain a refresh token from the provider, and put it in:", j.guide.Command("refresh-token put", j.Name)}
}

func adopt(j *judgement) step {
	return step{"Rename the provider; or, if the secret may be replaced:", j.guide.Command("adopt", j.Name)}
}

func (j *judgement) credentialPlace() string { return j.guide.CredentialPlace(j.Provider.Credential) }

func (j *judgement) credentialCommand() string {
	return j.guide.CredentialCommand(j.Provider.Credential)
}

// byCode has the failures of which more can be said than their class says.
var byCode = map[string]advice{
	"invalid_client":         {"The provider refuses the credential.", editCredential},
	"unauthorized_client":    {"The provider does not let this client ask with this grant type.", editEither},
	"invalid_grant":          {"The provider refuses what we log in with.", editCredential},
	"invalid_scope":          {"The provider does not grant the scope that is asked for.", editConfig},
	"unsupported_grant_type": {"The provider does not know the grant type.", editConfig},
	"access_denied":          {"The provider denies access.", editEither},
	"http_401":               {"The provider refuses the credential.", editCredential},
	"http_403":               {"The provider, or a firewall of it, denies access.", editEither},
	"http_404":               {"Nothing is served at its token endpoint.", editConfig},
	"http_429":               {"The provider says that it is asked too often.", wait},
	"redirected":             {"The provider sends us elsewhere, which is not followed with a secret.", editConfig},
	"no_token":               {"The provider's answer has no token in it.", editConfig},
	"no_lifetime":            {"The provider does not say how long its tokens live.", editConfig},
	"bad_lifetime":           {"The lifetime in the provider's answer cannot be understood.", editConfig},
	"lifetime_too_large":     {"The lifetime in the provider's answer is too large to be true.", editConfig},
	"bad_token":              {"The provider's answer has no usable token in it.", editConfig},
	"bad_token_type":         {"The provider's tokens are of a type that is not usable.", editConfig},
	"not_json":               {"The provider's answer is not JSON.", editConfig},
	"host_not_found":         {"The host of its token endpoint does not exist.", editConfig},
	"host_not_allowed":       {"Its credential may not be sent to that host.", check},
	"address_not_allowed":    {"The host of its token endpoint has no public address.", editConfig},
	"tls_untrusted":          {"The certificate of its token endpoint is not good.", lookAtLog},
	"tls_failed":             {"No TLS connection with its token endpoint can be agreed on.", lookAtLog},
	"timeout":                {"The provider does not answer in time.", wait},
	"connection_failed":      {"The provider cannot be reached.", wait},
	"connection_lost":        {"The provider breaks the connection off.", wait},
	"dns_failed":             {"The host of its token endpoint could not be looked up.", wait},

	refresh.CodeBadConfig:        {"Its config is wrong.", check},
	refresh.CodeBadCredential:    {"Its credential cannot be used.", check},
	refresh.CodeNoCredential:     {"It has no credential.", putCredential},
	refresh.CodeNotForProvider:   {"Its credential is not for this provider.", check},
	refresh.CodeSecretInRecord:   {"The record would contain a value of the credential, so it was not stored.", editConfig},
	refresh.CodeTokenOver:        {"The provider answers tokens that are already over.", editConfig},
	refresh.CodeTokenTooLarge:    {"The provider's answer is too large for a record.", editConfig},
	refresh.CodeStoreFailed:      {"The token could not be stored.", lookAtLog},
	refresh.CodeSourceFailed:     {"Its credential could not be read.", lookAtLog},
	refresh.CodeInternal:         {"A bug in tokenkeeper was met.", lookAtLog},
	refresh.CodeNoRefreshToken:   {"It has no refresh token.", putRefreshToken},
	refresh.CodeRefreshTokenLost: {"The provider has replaced the refresh token, and the new one could not be stored.", putRefreshToken},
	refresh.CodeClaimed:          {"Another run has its refresh token, or died with it.", wait},
	refresh.CodeWriteBudget: {"Its secret was written so often in 24 hours that AWS takes no more.", func(*judgement) step {
		return step{"It is written again by itself. Find what writes it so often, such as a job that forces refreshes.", ""}
	}},

	string(refresh.NotOurs): {"A secret of that name is there without our owner tag, so it is not touched.", adopt},
	string(refresh.Deleting): {"Its secret is scheduled for deletion, so nothing can be stored in it.", func(*judgement) step {
		return step{"Restore the secret, or remove the config.", ""}
	}},
}

// byClass has what can be said of all others.
var byClass = map[refresh.Class]advice{
	refresh.Transient:     {"The provider, or the way to it, does not work.", wait},
	refresh.Misconfigured: {"The provider does not accept how it is asked.", editEither},
	refresh.NeedsPerson:   {"Its access must be granted anew by a person.", editCredential},
}

func adviceFor(class refresh.Class, code string) advice {
	if a, ok := byCode[code]; ok {
		return a
	}
	if strings.HasPrefix(code, "http_5") {
		return advice{"The provider answers with an error of its own.", wait}
	}
	return byClass[class]
}

// tried names a failure as the log does, and says how long it has lasted.
func (j *judgement) tried(n refresh.Note) string {
	lasted := "just now"
	if d := j.now.Sub(n.Since); d >= time.Second {
		lasted = "for " + terminal.Span(d)
	}
	words := []string{n.Code, lasted}
	if n.Tries > 1 {
		words = append(words, fmt.Sprintf("%d tries", n.Tries))
	}
	return "(" + strings.Join(words, ", ") + ")"
}
