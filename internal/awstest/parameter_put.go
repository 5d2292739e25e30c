package awstest

import (
	"crypto/rand"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"
)

type putParameterInput struct {
	parameterRef
	Value       string
	Type        string
	KeyId       string
	Description string
	Tier        string
	DataType    string
	Overwrite   bool
	Tags        []tag
}

func (in *putParameterInput) check() error {
	switch {
	case in.Type != "" && !slices.Contains([]string{kindString, kindStringList, kindSecure}, in.Type):
		return invalid("Type is %q.", in.Type)
	case in.Tier != "" && !slices.Contains([]string{tierStandard, tierAdvanced, tierIntelligent}, in.Tier):
		return invalid("Tier is %q.", in.Tier)
	case in.DataType != "" && in.DataType != "text":
		return notModelled("PutParameter: DataType %q", in.DataType)
	case in.KeyId != "" && in.Type != kindSecure:
		return invalid("KeyId is for a SecureString.")
	case len(in.Description) > 1024:
		return invalid("Description is longer than 1024 characters.")
	case in.Value == "":
		return invalid("Value is empty.")
	case strings.Contains(in.Value, "{{"):
		return invalid("Value has double braces: values cannot refer to other parameters.")
	case in.Overwrite && len(in.Tags) > 0:
		return invalid("Tags and Overwrite exclude each other; use AddTagsToResource.")
	}
	if err := checkTags(in.Tags); err != nil {
		return err
	}
	return in.parameterRef.check()
}

func (in *putParameterInput) needs(a *AWS) []Access {
	needed := in.parameterRef.needs(a)
	needed[0].Keys["ssm:Overwrite"] = []string{strconv.FormatBool(in.Overwrite)}
	requestTags(needed[0].Keys, in.Tags)
	if len(in.Tags) > 0 {
		tagging := a.parameterAccess(in.Name)
		tagging.Action = "ssm:AddTagsToResource"
		requestTags(tagging.Keys, in.Tags)
		needed = append(needed, tagging)
	}
	return needed
}

type putParameterOutput struct {
	Version int64
	Tier    string
}

func (a *AWS) putParameter(r *request, in *putParameterInput) (any, error) {
	name := strings.Trim(in.Name, " ")
	if err := a.checkParameterName(name); err != nil {
		return nil, err
	}
	p := a.parameters[name]
	switch {
	case p == nil && in.Type == "":
		return nil, invalid("A new parameter needs a Type.")
	case p != nil && !in.Overwrite:
		return nil, refuse("ParameterAlreadyExists", "The parameter exists; Overwrite would make a new version of it.")
	case p != nil && in.Type != "" && in.Type != p.kind:
		return nil, refuse("HierarchyTypeMismatchException", "The parameter is a %s and stays one.", p.kind)
	case p == nil:
		p = &parameter{name: name, kind: in.Type, tags: withTags(nil, in.Tags)}
	}
	tier, err := in.tier(p)
	if err != nil {
		return nil, err
	}
	if p.kind == kindSecure {
		action := "kms:Encrypt" // an advanced parameter has a data key of its own
		if tier == tierAdvanced {
			action = "kms:GenerateDataKey"
		}
		unusable, denied := a.useKey(r, in.KeyId, keyUse{action, "ssm", [2]string{"PARAMETER_ARN", a.parameterARN(name)}})
		switch {
		case denied != nil:
			return nil, denied
		case unusable != "":
			return nil, refuse("InvalidKeyId", "The KMS key %s.", unusable)
		}
		p.key = in.KeyId
	}
	p.tier = tier
	if in.Description != "" {
		p.description = in.Description
	}
	a.parameters[name] = p
	return putParameterOutput{p.add(in.Value, r.now), tier}, nil
}

// tier decides where a value goes. A parameter that is advanced stays so.
func (in *putParameterInput) tier(p *parameter) (string, error) {
	tier := in.Tier
	switch {
	case p.tier == tierAdvanced && tier == tierStandard:
		return "", invalid("An advanced parameter cannot become a standard one.")
	case p.tier == tierAdvanced, tier == tierIntelligent && len(in.Value) > maxStandard:
		tier = tierAdvanced
	case tier == "" || tier == tierIntelligent:
		tier = tierStandard
	}
	limit := maxStandard
	if tier == tierAdvanced {
		limit = maxAdvanced
	}
	if len(in.Value) > limit {
		return "", invalid("The value has %d bytes, more than the %d of the tier %s.", len(in.Value), limit, tier)
	}
	return tier, nil
}

// add makes a value current. "Parameter Store retains the 100 most recently
// created versions of a parameter."
func (p *parameter) add(value string, now time.Time) int64 {
	next := parameterVersion{number: 1, value: value, changed: now}
	if n := len(p.versions); n > 0 {
		next.number = p.versions[n-1].number + 1
	}
	if p.kind == kindSecure {
		next.cipher = ciphertext(value)
	}
	p.versions = append(p.versions, next)
	p.versions = p.versions[max(0, len(p.versions)-maxVersions):]
	return next.number
}

// ciphertext looks like what KMS makes of a value and discloses nothing of it but
// its length.
func ciphertext(value string) string {
	b := make([]byte, 156+len(value))
	rand.Read(b)
	copy(b, "\x01\x02\x02\x00\x78") // how KMS begins: AQICAHh… in base64
	return base64.StdEncoding.EncodeToString(b)
}

type deleteParameterInput struct{ parameterRef }

func (a *AWS) deleteParameter(_ *request, in *deleteParameterInput) (any, error) {
	name := strings.Trim(in.Name, " ")
	if a.parameters[name] == nil {
		return nil, refuse("ParameterNotFound", "There is no such parameter.")
	}
	delete(a.parameters, name)
	return struct{}{}, nil
}
