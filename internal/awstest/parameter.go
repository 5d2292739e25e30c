package awstest

import (
	"regexp"
	"strings"
)

func (p *parameter) current() parameterVersion { return p.versions[len(p.versions)-1] }

// Kinds and tiers of parameters.
const (
	kindString     = "String"
	kindStringList = "StringList"
	kindSecure     = "SecureString"

	tierStandard    = "Standard"
	tierAdvanced    = "Advanced"
	tierIntelligent = "Intelligent-Tiering"
)

// What the tiers hold, in bytes.
const (
	maxStandard = 4096
	maxAdvanced = 8192
)

func (a *AWS) parameterARN(name string) string {
	return a.arn("ssm", "parameter/"+strings.TrimPrefix(name, "/"))
}

// parameterName takes a name as requests give it: the service removes spaces
// around it, and reading operations take an ARN and a selector of a version
// (name:3) as well.
func (a *AWS) parameterName(given string) (name, selector string) {
	name = strings.Trim(given, " ")
	if rest, ok := strings.CutPrefix(name, a.arn("ssm", "parameter/")); ok {
		name = "/" + rest
		if bare, _, _ := strings.Cut(rest, ":"); a.parameters[bare] != nil {
			name = rest // the ARN of a parameter outside hierarchies has a slash as well
		}
	}
	name, selector, _ = strings.Cut(name, ":")
	return name, selector
}

var parameterText = regexp.MustCompile(`^[a-zA-Z0-9_.\-/]+$`)

// maxDepth is how many levels a hierarchy may have.
const maxDepth = 15

// checkParameterName applies the naming constraints of PutParameter that are not
// those of every request. The ARN in front of a name counts towards its 1011
// characters.
func (a *AWS) checkParameterName(name string) error {
	first, _, _ := strings.Cut(strings.TrimPrefix(name, "/"), "/")
	lower := strings.ToLower(first)
	switch {
	case name == "" || len(a.parameterARN(name)) > 1011:
		return invalid("The parameter name has %d characters; with its ARN it may have 1011.", len(name))
	case !parameterText.MatchString(name):
		return invalid("The parameter name has a character other than letters, digits and _.-/")
	case strings.HasSuffix(name, "/"):
		return invalid("The parameter name ends with an empty level.")
	case strings.HasPrefix(lower, "aws") || strings.HasPrefix(lower, "ssm"):
		return invalid(`The parameter name begins with "aws" or "ssm".`)
	case strings.Count(name, "/") > maxDepth:
		return refuse("HierarchyLevelLimitExceededException", "The hierarchy has more than %d levels.", maxDepth)
	}
	return nil
}

// under reports whether the parameter lies in a hierarchy, at any level or at the
// first. A path never means the parameter that it names itself.
func (p *parameter) under(path string, recursive bool) bool {
	rest, ok := strings.CutPrefix(p.name, strings.TrimSuffix(path, "/")+"/")
	return ok && rest != "" && (recursive || !strings.Contains(rest, "/"))
}

func (a *AWS) decryptParameter(r *request, p *parameter) error {
	unusable, denied := a.useKey(r, p.key, keyUse{"kms:Decrypt", "ssm", [2]string{"PARAMETER_ARN", a.parameterARN(p.name)}})
	if denied == nil && unusable != "" {
		return refuse("InvalidKeyId", "The KMS key %s.", unusable)
	}
	return denied
}

// A parameterRef names one parameter in a request.
type parameterRef struct {
	Name string
}

func (r *parameterRef) check() error {
	if len(r.Name) < 1 || len(r.Name) > 2048 {
		return invalid("Name has %d characters, want 1 to 2048.", len(r.Name))
	}
	name := strings.Trim(r.Name, " ")
	switch {
	case strings.Contains(name, " "):
		return invalid("Name has a space in it.")
	case strings.HasPrefix(name, "arn:"):
		return nil
	case strings.Contains(name, "/") && !strings.HasPrefix(name, "/"):
		return invalid("The name of a parameter in a hierarchy begins with a slash.")
	case strings.Contains(name, "//"):
		return invalid("The parameter name has an empty level.")
	}
	return nil
}

func (r *parameterRef) needs(a *AWS) []Access { return []Access{a.parameterAccess(r.Name)} }

func (a *AWS) parameterAccess(given string) Access {
	name, _ := a.parameterName(given)
	needed := Access{Resource: a.parameterARN(name), Keys: map[string][]string{}}
	if p := a.parameters[name]; p != nil {
		resourceTags(needed.Keys, []string{"aws:ResourceTag/", "ssm:resourceTag/"}, p.tags)
	}
	return needed
}
