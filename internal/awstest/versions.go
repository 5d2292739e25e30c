package awstest

import (
	"slices"
	"time"
)

// A secretValue is the value in a request, in one of its two forms. Empty counts
// as absent: the service model wants at least one byte of either.
type secretValue struct {
	SecretString *string
	SecretBinary []byte
}

// maxValue is the quota "Length of a secret: 65,536 bytes".
const maxValue = 65536

func (in *secretValue) check() error {
	if in.SecretString != nil && (*in.SecretString == "" || len(*in.SecretString) > maxValue) {
		return invalid("SecretString has %d bytes, want 1 to %d.", len(*in.SecretString), maxValue)
	}
	if in.SecretBinary != nil && (len(in.SecretBinary) == 0 || len(in.SecretBinary) > maxValue) {
		return invalid("SecretBinary has %d bytes, want 1 to %d.", len(in.SecretBinary), maxValue)
	}
	if in.SecretString != nil && in.SecretBinary != nil {
		return refuse("InvalidParameterException", "SecretString and SecretBinary exclude each other.")
	}
	return nil
}

func (in *secretValue) value() (value []byte, binary bool) {
	if in.SecretString != nil {
		return []byte(*in.SecretString), false
	}
	return in.SecretBinary, true
}

// checkToken: the SDK fills in a missing token, so only a client of another kind
// meets the first error (recorded). There is no pattern.
func checkToken(token string) error {
	if token == "" {
		return refuse("InvalidRequestException", "There is no ClientRequestToken.")
	}
	return checkVersionID("ClientRequestToken", token)
}

func checkVersionID(member, id string) error {
	if n := len(id); n < 32 || n > 64 {
		return invalid("%s has %d characters, want 32 to 64.", member, n)
	}
	return nil
}

type putSecretValueInput struct {
	secretRef
	ClientRequestToken string
	VersionStages      []string
	secretValue
}

func (in *putSecretValueInput) check() error {
	if err := in.secretRef.check(); err != nil {
		return err
	}
	if in.VersionStages != nil && (len(in.VersionStages) == 0 || len(in.VersionStages) > maxLabels) {
		return invalid("VersionStages has %d labels, want 1 to %d.", len(in.VersionStages), maxLabels)
	}
	for _, label := range in.VersionStages {
		if err := checkLabel(label); err != nil {
			return err
		}
	}
	return in.secretValue.check()
}

type putSecretValueOutput struct {
	ARN, Name     string
	VersionId     string
	VersionStages []string `json:",omitempty"`
}

func (a *AWS) putSecretValue(r *request, in *putSecretValueInput) (any, error) {
	s, err := a.findWritable(r, in.SecretId)
	if err != nil {
		return nil, err
	}
	if err := checkToken(in.ClientRequestToken); err != nil {
		return nil, err
	}
	value, binary := in.value()
	if value == nil {
		return nil, refuse("InvalidRequestException", "There is neither a SecretString nor a SecretBinary.")
	}
	v := s.version(in.ClientRequestToken)
	if v != nil {
		// "… you specify the same secret data, the operation succeeds but does
		// nothing": labels are not touched either. Comparing needs decrypting.
		if err := a.decrypt(r, s, v); err != nil {
			return nil, err
		}
		if !v.holds(value, binary) {
			return nil, refuse("ResourceExistsException", "The version %s exists with another value.", v.id)
		}
	} else {
		labels := in.VersionStages
		if labels == nil {
			labels = []string{current}
		}
		if v, err = a.addVersion(r, s, in.ClientRequestToken, value, binary, labels); err != nil {
			return nil, err
		}
		a.changed(s, r.now)
	}
	return putSecretValueOutput{s.arn, s.name, v.id, v.labels}, nil
}

// addVersion encrypts a value and attaches it to a secret.
func (a *AWS) addVersion(r *request, s *secret, id string, value []byte, binary bool, labels []string) (*version, error) {
	if len(s.versions) == 0 && !slices.Contains(labels, current) {
		// "If this operation creates the first version for the secret, then Secrets
		// Manager automatically attaches the staging label AWSCURRENT to it."
		labels = append(slices.Clone(labels), current)
	}
	if err := s.roomForLabels(labels); err != nil {
		return nil, err
	}
	if err := a.encrypt(r, s); err != nil {
		return nil, err
	}
	if !s.makeRoom(r.now) {
		return nil, refuse("LimitExceededException", "The secret has %d versions that are younger than a day or labelled.", len(s.versions))
	}
	v := &version{id: id, value: value, binary: binary, key: s.key, created: r.now}
	s.versions = append(s.versions, v)
	for _, label := range labels {
		s.move(label, v)
	}
	return v, nil
}

// validateKey is what happens when the key of a secret is chosen, with or without a value:
// "Secrets Manager calls the GenerateDataKey and Decrypt operations with the specified KMS
// key" (user guide, "Secret encryption and decryption", validating access to the key).
func (a *AWS) validateKey(r *request, s *secret) error {
	if err := a.encrypt(r, s); err != nil {
		return err
	}
	return a.decrypt(r, s, &version{key: s.key})
}

// encrypt asks for the key of a secret.
func (a *AWS) encrypt(r *request, s *secret) error {
	unusable, denied := a.useKey(r, s.key, keyUse{"kms:GenerateDataKey", "secretsmanager", [2]string{"SecretARN", s.arn}})
	if denied == nil && unusable != "" {
		return refuse("EncryptionFailure", "The KMS key %s.", unusable)
	}
	return denied
}

// decrypt asks for the key of a version.
func (a *AWS) decrypt(r *request, s *secret, v *version) error {
	unusable, denied := a.useKey(r, v.key, keyUse{"kms:Decrypt", "secretsmanager", [2]string{"SecretARN", s.arn}})
	if denied == nil && unusable != "" {
		return refuse("DecryptionFailure", "The KMS key %s.", unusable)
	}
	return denied
}

// maxVersions is how many versions Secrets Manager keeps of a secret.
const maxVersions = 100

// makeRoom drops the oldest unlabelled versions for a new one, but none
// younger than a day, and reports whether there is room then.
func (s *secret) makeRoom(now time.Time) bool {
	surplus := len(s.versions) + 1 - maxVersions
	s.versions = slices.DeleteFunc(s.versions, func(v *version) bool {
		if surplus <= 0 || len(v.labels) > 0 || now.Sub(v.created) < day {
			return false
		}
		surplus--
		return true
	})
	return surplus <= 0
}

type getSecretValueInput struct {
	secretRef
	VersionId, VersionStage string
}

func (in *getSecretValueInput) check() error {
	if in.VersionId != "" {
		if err := checkVersionID("VersionId", in.VersionId); err != nil {
			return err
		}
	}
	return in.secretRef.check()
}

func (in *getSecretValueInput) needs(a *AWS) []Access {
	needed := in.secretRef.needs(a)
	if in.VersionId != "" {
		needed[0].Keys["secretsmanager:VersionId"] = []string{in.VersionId}
	}
	if in.VersionStage != "" {
		needed[0].Keys["secretsmanager:VersionStage"] = []string{in.VersionStage}
	}
	return needed
}

type getSecretValueOutput struct {
	putSecretValueOutput
	SecretString string `json:",omitempty"`
	SecretBinary []byte `json:",omitempty"`
	CreatedDate  timestamp
}

func (a *AWS) getSecretValue(r *request, in *getSecretValueInput) (any, error) {
	s, err := a.findUsable(r, in.SecretId)
	if err != nil {
		return nil, err
	}
	label := in.VersionStage
	if label == "" && in.VersionId == "" {
		label = current
	}
	v := s.version(in.VersionId)
	if in.VersionId == "" {
		v = s.labelled(label)
	}
	switch {
	case v == nil:
		// The same code as for a missing secret.
		return nil, refuse("ResourceNotFoundException", "The secret has no such version (%s%s).", in.VersionId, label)
	case label != "" && !slices.Contains(v.labels, label):
		return nil, refuse("InvalidRequestException", "The version does not have the label %s.", label)
	}
	if err := a.decrypt(r, s, v); err != nil {
		return nil, err
	}
	// Both dates are known to the day only, and reading is not a change.
	s.accessed = r.now.UTC().Truncate(day)
	v.accessed = s.accessed
	out := getSecretValueOutput{putSecretValueOutput: putSecretValueOutput{s.arn, s.name, v.id, v.labels}, CreatedDate: timestamp(v.created)}
	if v.binary {
		out.SecretBinary = v.value
	} else {
		out.SecretString = string(v.value)
	}
	return out, nil
}
