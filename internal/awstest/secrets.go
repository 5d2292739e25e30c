package awstest

import (
	"regexp"
	"time"
)

type createSecretInput struct {
	Name               string
	Description        string
	ClientRequestToken string
	KmsKeyId           string
	Tags               []tag
	secretValue
}

var secretName = regexp.MustCompile(`^[A-Za-z0-9/_+=.@!-]+$`)

// check does not refuse a name that ends in a hyphen and six characters: that is
// advice, which AWS does not enforce (recorded).
func (in *createSecretInput) check() error {
	switch {
	case in.Name == "" || len(in.Name) > 512:
		return invalid("Name has %d characters, want 1 to 512.", len(in.Name))
	case !secretName.MatchString(in.Name):
		return invalid("Name has a character other than letters, digits and /_+=.@-")
	case len(in.Description) > 2048:
		return invalid("Description is longer than 2048 characters.")
	}
	if err := checkTags(in.Tags); err != nil {
		return err
	}
	return in.secretValue.check()
}

func (in *createSecretInput) needs(a *AWS) []Access {
	keys := map[string][]string{"secretsmanager:Name": {in.Name}}
	if in.Description != "" {
		keys["secretsmanager:Description"] = []string{in.Description}
	}
	if in.KmsKeyId != "" {
		keys["secretsmanager:KmsKeyId"] = []string{in.KmsKeyId}
		keys["secretsmanager:KmsKeyArn"] = []string{a.keyARN(in.KmsKeyId)}
	}
	requestTags(keys, in.Tags)
	needed := []Access{{Resource: a.secretARN(in.Name), Keys: keys}}
	if len(in.Tags) > 0 {
		// "If you include tags in the secret, you also need secretsmanager:TagResource."
		tagging := map[string][]string{}
		requestTags(tagging, in.Tags)
		needed = append(needed, Access{Action: "secretsmanager:TagResource", Resource: needed[0].Resource, Keys: tagging})
	}
	return needed
}

type createSecretOutput struct {
	ARN, Name string
	VersionId string `json:",omitempty"` // none without a value
}

func (a *AWS) createSecret(r *request, in *createSecretInput) (any, error) {
	if err := checkToken(in.ClientRequestToken); err != nil {
		return nil, err
	}
	value, binary := in.value()
	if s := a.lookup(in.Name, r.now); s != nil {
		if !s.deleted.IsZero() {
			return nil, refuse("InvalidRequestException", "A secret with this name is scheduled for deletion.")
		}
		if v := s.version(in.ClientRequestToken); v != nil && value != nil && v.holds(value, binary) {
			return createSecretOutput{s.arn, s.name, v.id}, nil
		}
		return nil, refuse("ResourceExistsException", "The secret %s exists.", in.Name)
	}
	s := &secret{
		name:        in.Name,
		arn:         a.arn("secretsmanager", "secret:"+in.Name+"-"+suffix()),
		description: in.Description,
		key:         in.KmsKeyId,
		tags:        withTags(nil, in.Tags),
		created:     r.now,
	}
	if in.KmsKeyId != "" {
		if err := a.validateKey(r, s); err != nil {
			return nil, err
		}
	}
	out := createSecretOutput{ARN: s.arn, Name: s.name}
	if value != nil {
		v, err := a.addVersion(r, s, in.ClientRequestToken, value, binary, []string{current})
		if err != nil {
			return nil, err
		}
		out.VersionId = v.id
	}
	a.secrets[s.name] = s
	a.changed(s, r.now)
	return out, nil
}

type describeSecretInput struct{ secretRef }

type describeSecretOutput struct {
	ARN, Name          string
	Description        string              `json:",omitempty"`
	KmsKeyId           string              `json:",omitempty"`
	Tags               []tag               `json:",omitempty"`
	VersionIdsToStages map[string][]string `json:",omitempty"`
	CreatedDate        timestamp
	LastChangedDate    timestamp
	LastAccessedDate   timestamp `json:",omitzero"`
	DeletedDate        timestamp `json:",omitzero"`
	PrimaryRegion      string    `json:",omitempty"`
	RotationEnabled    bool
	OwningService      string `json:",omitempty"`
}

func (a *AWS) describeSecret(r *request, in *describeSecretInput) (any, error) {
	s, err := a.find(r, in.SecretId)
	if err != nil {
		return nil, err
	}
	return describeSecretOutput{
		ARN: s.arn, Name: s.name,
		Description:        s.description,
		KmsKeyId:           s.key,
		Tags:               s.tags,
		VersionIdsToStages: s.stages(),
		CreatedDate:        timestamp(s.created),
		LastChangedDate:    timestamp(s.changed),
		LastAccessedDate:   timestamp(s.accessed),
		DeletedDate:        timestamp(s.gone), // "the date the secret is scheduled for deletion"
		PrimaryRegion:      s.primary, RotationEnabled: s.rotates, OwningService: s.owner,
	}, nil
}

type updateSecretInput struct {
	secretRef
	Description        *string
	ClientRequestToken string
	KmsKeyId           *string
	secretValue
}

func (in *updateSecretInput) check() error {
	if err := in.secretRef.check(); err != nil {
		return err
	}
	if in.Description != nil && len(*in.Description) > 2048 {
		return invalid("Description is longer than 2048 characters.")
	}
	return in.secretValue.check()
}

func (in *updateSecretInput) needs(a *AWS) []Access {
	needed := in.secretRef.needs(a)
	if in.Description != nil {
		needed[0].Keys["secretsmanager:Description"] = []string{*in.Description}
	}
	if in.KmsKeyId != nil {
		needed[0].Keys["secretsmanager:KmsKeyId"] = []string{*in.KmsKeyId}
		needed[0].Keys["secretsmanager:KmsKeyArn"] = []string{a.keyARN(*in.KmsKeyId)}
	}
	return needed
}

func (a *AWS) updateSecret(r *request, in *updateSecretInput) (any, error) {
	s, err := a.findWritable(r, in.SecretId)
	if err != nil {
		return nil, err
	}
	if err := checkToken(in.ClientRequestToken); err != nil {
		return nil, err
	}
	key := s.key
	if in.KmsKeyId != nil {
		s.key = *in.KmsKeyId
		if err := a.validateKey(r, s); err != nil {
			s.key = key
			return nil, err
		}
	}
	out := createSecretOutput{ARN: s.arn, Name: s.name}
	if value, binary := in.value(); value != nil {
		// Unlike PutSecretValue, a token that is a version's id is an error even
		// with the same value.
		if s.version(in.ClientRequestToken) != nil {
			s.key = key
			return nil, refuse("ResourceExistsException", "The version %s exists.", in.ClientRequestToken)
		}
		v, err := a.addVersion(r, s, in.ClientRequestToken, value, binary, []string{current})
		if err != nil {
			s.key = key
			return nil, err
		}
		out.VersionId = v.id
	}
	if in.Description != nil {
		s.description = *in.Description
	}
	for _, label := range []string{current, "AWSPENDING", previous} {
		if v := s.labelled(label); v != nil {
			v.key = s.key // re-encrypted, as the documentation of KmsKeyId says
		}
	}
	a.changed(s, r.now)
	return out, nil
}

type deleteSecretInput struct {
	secretRef
	ForceDeleteWithoutRecovery bool
	RecoveryWindowInDays       *int64
}

func (in *deleteSecretInput) needs(a *AWS) []Access {
	needed := in.secretRef.needs(a)
	if in.ForceDeleteWithoutRecovery {
		needed[0].Keys["secretsmanager:ForceDeleteWithoutRecovery"] = []string{"true"}
	}
	return needed
}

type deleteSecretOutput struct {
	ARN, Name    string
	DeletionDate timestamp
}

const day = 24 * time.Hour

func (a *AWS) deleteSecret(r *request, in *deleteSecretInput) (any, error) {
	days := int64(30)
	if in.RecoveryWindowInDays != nil {
		days = *in.RecoveryWindowInDays
		if in.ForceDeleteWithoutRecovery {
			return nil, refuse("InvalidParameterException", "A forced deletion has no recovery window.")
		}
		if days < 7 || days > 30 {
			return nil, refuse("InvalidParameterException", "RecoveryWindowInDays is %d, want 7 to 30.", days)
		}
	}
	s, err := a.find(r, in.SecretId)
	switch {
	case err != nil && in.ForceDeleteWithoutRecovery:
		// "If you forcibly delete an already deleted or nonexistent secret, the
		// operation does not return ResourceNotFoundException."
		return deleteSecretOutput{a.arn("secretsmanager", "secret:"+in.SecretId+"-"+suffix()), in.SecretId, timestamp(r.now)}, nil
	case err != nil:
		return nil, err
	case in.ForceDeleteWithoutRecovery:
		a.remove(s, r.now)
		return deleteSecretOutput{s.arn, s.name, timestamp(r.now)}, nil
	case !s.deleted.IsZero():
		return nil, refuse("InvalidRequestException", "The secret is scheduled for deletion already.")
	}
	s.deleted, s.gone = r.now, r.now.Add(time.Duration(days)*day)
	a.changed(s, r.now)
	return deleteSecretOutput{s.arn, s.name, timestamp(s.gone)}, nil
}

func (a *AWS) remove(s *secret, now time.Time) {
	delete(a.secrets, s.name)
	s.deleted, s.gone = now, now
	a.sight(s, now)
}

type restoreSecretInput struct{ secretRef }

func (a *AWS) restoreSecret(r *request, in *restoreSecretInput) (any, error) {
	s, err := a.find(r, in.SecretId)
	if err != nil {
		return nil, err
	}
	s.deleted, s.gone = time.Time{}, time.Time{}
	a.changed(s, r.now)
	return createSecretOutput{ARN: s.arn, Name: s.name}, nil
}
