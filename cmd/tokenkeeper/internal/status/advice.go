package status

import (
	"fmt"
	"strings"
	"time"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secretstore"
)

// An advice is what to say of a failure when only its class and code are kept: a
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
	switch {
	case j.chance() && j.line.Code == "invalid_grant" && j.Provider.Rotates:
		return step{"It is asked once more by itself. If its refresh token is rejected again, a person must obtain another.", ""}
	case j.chance():
		return lookLater(j, j.credentialPlace())
	}
	return step{fmt.Sprintf("Put what the provider accepts into %s; the next run tries it at once.", j.credentialPlace()), j.credentialCommand()}
}

func putCredential(j *judgement) step {
	return step{fmt.Sprintf("Put it there: %s.", j.credentialPlace()), j.credentialCommand()}
}

func approveConfig(j *judgement) step {
	return step{"As the owner of the credential, look at it and approve it:", j.guide.Command("approve", j.Name)}
}

func editConfig(j *judgement) step {
	if j.chance() {
		return lookLater(j, j.Provider.Where)
	}
	return step{fmt.Sprintf("Mend %s; the next run tries it at once. More is in %s.", j.Provider.Where, j.guide.Log), ""}
}

// editOrAdmit is for an address that is wrong, or meant and not admitted.
func editOrAdmit(j *judgement) step {
	s := editConfig(j)
	s.text += " If the address is meant, have its network admitted (ProviderNetworks of the stack, --provider-network in a folder), then force a refresh."
	return s
}

func editEither(j *judgement) step {
	if j.chance() {
		return lookLater(j, j.Provider.Where+" and "+j.credentialPlace())
	}
	return step{fmt.Sprintf("Mend %s or %s; the next run tries it at once. More is in %s.",
		j.Provider.Where, j.credentialPlace(), j.guide.Log), ""}
}

// lookLater is for an answer that makes no sense, which may have been chance.
func lookLater(j *judgement, where string) step {
	return step{fmt.Sprintf("It is asked again by itself. If it stays so, look at %s; more is in %s.", where, j.guide.Log), ""}
}

// chance reports whether the failure may still pass without a person.
func (j *judgement) chance() bool { return j.line.Class == refresh.Transient }

// says is the same for all providers.
func says(text string) func(*judgement) step {
	return func(*judgement) step { return step{text, ""} }
}

// seeLog leads to the log, by a command where there is one.
func seeLog(text string) func(*judgement) step {
	return func(j *judgement) step {
		text := text + " " + j.guide.Log
		if command := j.guide.LogCommand(j.Name); command != "" {
			return step{text + ":", command}
		}
		return step{text + ".", ""}
	}
}

// inLog is text with %s for the log.
func inLog(text string) func(*judgement) step {
	return func(j *judgement) step { return step{fmt.Sprintf(text, j.guide.Log), ""} }
}

var (
	lookAtLog = seeLog("What exactly is wrong is in")
	wait      = inLog("It is asked again by itself. If it lasts, ask the provider; more is in %s.")
	// waitOurs is for what is no matter of the provider's.
	waitOurs = inLog("It is tried again by itself. If it lasts, look at %s.")
)

func check(j *judgement) step {
	return step{"To see all that is wrong:", j.guide.Command("check", j.Name)}
}

func checkCredential(j *judgement) step {
	return step{"To see all that is wrong:", j.guide.CheckCommand(j.Name)}
}

func allowHost(j *judgement) step {
	return step{fmt.Sprintf("If it may be sent there, its owner adds the host to allowed_hosts in %s; else correct %s. To see which hosts that takes:",
		j.credentialPlace(), j.Provider.Where), j.guide.Command("explain", j.Name)}
}

func allowProvider(j *judgement) step {
	return step{fmt.Sprintf(`If it may be used here, its owner adds "providers": [%q] in %s; else name another one in %s.`,
		j.Name, j.credentialPlace(), j.Provider.Where), ""}
}

func restore(j *judgement) step {
	return step{"Applications are refused until it is restored:", j.guide.RestoreCommand(j.Name)}
}

func createSecret(j *judgement) step {
	return step{"Create it, empty; the next run stores a token in it:", j.guide.CreateCommand(j.Name)}
}

func restoreCredential(j *judgement) step {
	return step{"Restore it, or put another one:", j.guide.RestoreCredentialCommand(j.Provider.Credential)}
}

func putRefreshToken(j *judgement) step {
	return step{"Obtain a refresh token from the provider, and put it in:", j.guide.Command("refresh-token put", j.Name)}
}

func bindRefreshToken(j *judgement) step {
	return step{"If it was obtained with the credential " + j.Provider.Credential + ", its owner runs:",
		j.guide.Command("refresh-token bind", j.Name+" --credential "+j.Provider.Credential)}
}

func grantAnew(j *judgement) step {
	if j.Provider.Rotates {
		return putRefreshToken(j)
	}
	return editCredential(j)
}

func adopt(j *judgement) step {
	return step{"Rename the provider; or, if the secret may be replaced:", j.guide.Command("adopt", j.Name)}
}

func (j *judgement) credentialPlace() string { return j.guide.CredentialPlace(j.Provider.Credential) }

func (j *judgement) credentialCommand() string {
	return j.guide.CredentialCommand(j.Provider.Credential)
}

// byCode has the failures whose code says more than their class: all that
// docs/operations.md lists, and no family of them covers.
var byCode = map[string]advice{
	"invalid_client":         {"The provider refuses the credential.", editCredential},
	"unauthorized_client":    {"The provider does not let this client ask with this grant type.", editEither},
	"invalid_grant":          {"The provider refuses what we log in with.", editCredential},
	"expired_token":          {"The provider says that what we log in with has expired.", editCredential},
	"invalid_token":          {"The provider refuses a token that it is sent.", editEither},
	"invalid_scope":          {"The provider does not grant the scope that is asked for.", editConfig},
	"insufficient_scope":     {"The provider does not grant the scope that is asked for.", editConfig},
	"invalid_target":         {"The provider does not know the audience or resource that is asked for.", editConfig},
	"unsupported_grant_type": {"The provider does not know the grant type.", editConfig},
	"access_denied":          {"The provider denies access.", editEither},
	"unknown_error":          {"The provider answers with an error code of its own making.", lookAtLog},
	"login_failed":           {"The provider answers that the login failed.", editEither},
	"slow_down":              askedTooOften,
	"http_401":               {"The provider refuses the credential.", editCredential},
	"http_403":               {"The provider, or a firewall of it, denies access.", editEither},
	"http_404":               nothingServed,
	"http_405":               nothingServed,
	"http_408":               {"The provider gave up waiting for the request.", wait},
	"http_410":               nothingServed,
	"http_425":               {"The provider wants to be asked later.", wait},
	"http_429":               askedTooOften,
	"redirected":             {"The provider sends us elsewhere, which is not followed with a secret.", editConfig},
	"no_token":               {"The provider's answer has no token in it.", editConfig},
	"no_value":               {"The provider's answer lacks what a later request of the config needs.", editConfig},
	"no_lifetime":            {"The provider does not say how long its tokens live.", editConfig},
	"bad_lifetime":           {"The lifetime in the provider's answer cannot be understood.", editConfig},
	"lifetime_too_large":     {"The lifetime in the provider's answer is too large to be true.", editConfig},
	"bad_token":              {"The provider's answer has no usable token in it.", editConfig},
	"bad_token_type":         {"The provider's tokens are of a type that is not usable.", editConfig},
	"not_json":               {"The provider's answer is not JSON.", editConfig},
	"bad_json":               {"The provider's answer is JSON that cannot be relied on.", editConfig},
	"empty_answer":           {"The provider's answer is empty.", editConfig},
	"answer_too_large":       {"The provider's answer is larger than any token.", editConfig},
	"bad_answer":             {"The provider's answer is not HTTP, or packed in a way that is not read.", editConfig},
	"secret_in_answer":       {"The provider's answer repeats what it was sent, so nothing of it is used.", editConfig},
	"probe_failed":           {"A new token did not pass the probe, so it is not given to applications.", editConfig},
	"host_not_found":         {"The host of its token endpoint does not exist.", editConfig},
	"host_not_allowed":       {"Its credential may not be sent to that host.", allowHost},
	"address_not_allowed":    {"The host of its token endpoint has no public address, nor one in the networks of the operator.", editOrAdmit},
	"proxy_refused":          {"The egress proxy does not let the request pass.", inLog("Have the operator of the proxy allow the host; more is in %s.")},
	"tls_untrusted":          {"The certificate of its token endpoint is not good.", lookAtLog},
	"tls_failed":             {"No TLS connection with its token endpoint can be agreed on.", lookAtLog},
	"timeout":                {"The provider does not answer in time.", wait},
	"connection_failed":      {"The provider cannot be reached.", wait},
	"connection_lost":        {"The provider breaks the connection off.", wait},
	"dns_failed":             {"The host of its token endpoint could not be looked up.", wait},
	"canceled":               {"The run had no time left for it.", inLog("It is tried again by itself. If it lasts, find the slow provider in %s.")},

	"temporarily_unavailable": providersOwn,
	"server_error":            providersOwn,

	"unsupported_response_type":     notUnderstood,
	"unsupported_token_type":        notUnderstood,
	"invalid_authorization_details": notUnderstood,
	"invalid_request":               notUnderstood,
	"invalid_dpop_proof":            wantsProof,
	"use_dpop_nonce":                wantsProof,
	"authorization_pending":         wantsPerson,
	"interaction_required":          wantsPerson,
	"login_required":                wantsPerson,
	"consent_required":              wantsPerson,
	"account_selection_required":    wantsPerson,

	"ambiguous_value": {"The provider's answer has several values where the config wants one.", editConfig},

	refresh.CodeBadConfig:        {"Its config is wrong.", check},
	refresh.CodeBadCredential:    {"Its credential cannot be used.", checkCredential},
	refresh.CodeNoCredential:     {"It has no credential.", putCredential},
	refresh.CodeNotForProvider:   {"Its credential is not for this provider.", allowProvider},
	refresh.CodeNotApproved:      {"The owner of its credential wants to approve its config, and has not.", approveConfig},
	refresh.CodeSecretInRecord:   {"The record would contain a value of the credential, so it was not stored.", editConfig},
	refresh.CodeTokenOver:        {"The provider answers tokens that have expired already.", editConfig},
	refresh.CodeTokenTooLarge:    {"The provider's answer is too large for a record.", editConfig},
	refresh.CodeStoreFailed:      {"The token could not be stored.", lookAtLog},
	refresh.CodeSourceFailed:     {"Its credential could not be read.", lookAtLog},
	refresh.CodeInternal:         {"A bug in tokenkeeper was met.", lookAtLog},
	refresh.CodeNoRefreshToken:   {"It has no refresh token.", putRefreshToken},
	refresh.CodeRefreshTokenLost: {"The provider has replaced the refresh token, and the new one could not be stored.", putRefreshToken},
	refresh.CodeRefreshTokenUnsure: {"A login with its refresh token was not answered, so that may have been spent.",
		says("It rests while there is a good token, and is then tried again by itself. If the provider refuses it, obtain a new one.")},
	refresh.CodeNotForCredential: {"Its refresh token was put in for another credential than its config names.", bindRefreshToken},
	refresh.CodeClaimed:          {"Another run has its refresh token, or died with it.", waitOurs},
	refresh.CodeWriteBudget: {"Its secret was written so often in 24 hours that AWS takes no more.",
		says("It is written again by itself. Find what writes it so often, such as a job that forces refreshes.")},

	string(refresh.NotOurs):  {"A secret of that name is there without our owner tag, so it is not touched.", adopt},
	string(refresh.Deleting): {"Its secret is scheduled for deletion: it can be neither read nor written.", restore},

	secretstore.CodeCredentialDeleting: {"Its credential is scheduled for deletion.", restoreCredential},
	place.CodeNotStorable:              {"Parameter Store does not take its document.", editEither},
	secretstore.CodeReplica:            {"Its secret is a replica of one in another region, and takes no write.", lookAtLog},
	secretstore.CodeManaged:            {"Its secret is managed by another AWS service, and refuses our writes.", lookAtLog},
	secretstore.CodeMissing:            {"It has no secret, and the stack creates none.", createSecret},
	secretstore.CodeOvertaken: {"Others moved the label of its secret each time, so nothing was stored.",
		inLog("It is tried again by itself. Find who writes the secret by hand; more is in %s.")},

	awscall.CodeDenied: {"AWS does not allow the function what it must do.", seeLog("Allow it, and the next runs try it: the action and the resource are in")},
	awscall.CodeKey:    {"The KMS key cannot be used.", inLog("Enable it, or let its policy admit the function; more is in %s.")},
	awscall.CodeCredentials: {"AWS refuses the function's own credentials; the provider has no part in it.",
		inLog("It is tried again by itself. If it lasts, deploy the stack with another MemorySize, so that the function begins anew; more is in %s.")},
	awscall.CodeThrottled:   {"AWS is asked too often in this account; the provider has no part in it.", waitOurs},
	awscall.CodeServer:      {"AWS answers with an error of its own; the provider has no part in it.", waitOurs},
	awscall.CodeUnreachable: {"AWS cannot be reached; the provider has no part in it.", waitOurs},
	awscall.CodeRefused:     {"AWS did not do what was asked; the provider has no part in it.", lookAtLog},
}

// What several codes say.
var (
	askedTooOften = advice{"The provider says that it is asked too often.", wait}
	nothingServed = advice{"Nothing is served at its token endpoint.", editConfig}
	notUnderstood = advice{"The provider does not understand how it is asked.", editConfig}
	providersOwn  = advice{"The provider answers with an error of its own.", wait}
	wantsPerson   = advice{"The provider wants a person to log in or to consent, which no run can.", editEither}
	wantsProof    = advice{"The provider wants requests that are proved to be ours (DPoP), which is not supported.", editConfig}
)

// byFamily has the advice on families of codes, by their prefix.
var byFamily = []struct {
	prefix string
	advice
}{
	{"http_5", providersOwn},
	{"http_4", notUnderstood},
	{"http_", advice{"The provider answers with a status that the config does not take for success.", editConfig}},
}

// byClass has the advice on codes that are not known here, such as those of a later release.
var byClass = map[refresh.Class]advice{
	refresh.Transient:     {"Its token could not be replaced.", waitOurs},
	refresh.Misconfigured: {"Its config, its credential or a permission is wrong.", editEither},
	refresh.NeedsPerson:   {"Its access must be granted anew by a person.", grantAnew},
}

func adviceFor(class refresh.Class, code string) advice {
	if class == refresh.NeedsPerson && code == "invalid_grant" {
		return advice{"The provider refuses the refresh token.", putRefreshToken}
	}
	if a, ok := byCode[code]; ok {
		return a
	}
	for _, family := range byFamily {
		if strings.HasPrefix(code, family.prefix) {
			return family.advice
		}
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
