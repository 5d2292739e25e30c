package awstest

import (
	"fmt"
	"slices"
)

// The labels that Secrets Manager moves by itself.
const (
	current  = "AWSCURRENT"
	previous = "AWSPREVIOUS"
)

// maxLabels is the quota "Staging labels attached across all versions of a
// secret: 20"; the service model has the same number for one request.
const maxLabels = 20

func checkLabel(label string) error {
	if n := len(label); n < 1 || n > 256 {
		return invalid("A staging label has %d characters, want 1 to 256.", n)
	}
	return nil
}

// move attaches a label to a version and takes it from any other. "Whenever you
// move AWSCURRENT, Secrets Manager automatically moves the label AWSPREVIOUS to
// the version that AWSCURRENT was removed from."
func (s *secret) move(label string, to *version) {
	from := s.labelled(label)
	if from == to {
		return
	}
	if from != nil {
		from.labels = slices.DeleteFunc(from.labels, func(l string) bool { return l == label })
	}
	if to != nil {
		to.labels = append(to.labels, label)
		slices.Sort(to.labels)
	}
	if label == current && from != nil {
		s.move(previous, from)
	}
}

// roomForLabels reports whether the secret may have these labels as well. A label
// that moves counts once, and so does the AWSPREVIOUS that AWSCURRENT leaves.
func (s *secret) roomForLabels(labels []string) error {
	after := map[string]bool{}
	for _, v := range s.versions {
		for _, label := range v.labels {
			after[label] = true
		}
	}
	for _, label := range labels {
		after[label] = true
		if label == current && s.labelled(current) != nil {
			after[previous] = true
		}
	}
	if len(after) > maxLabels {
		return refuse("LimitExceededException", "The secret would have %d staging labels, more than %d.", len(after), maxLabels)
	}
	return nil
}

type updateSecretVersionStageInput struct {
	secretRef
	VersionStage        string
	MoveToVersionId     string
	RemoveFromVersionId string
}

func (in *updateSecretVersionStageInput) check() error {
	if err := in.secretRef.check(); err != nil {
		return err
	}
	for member, id := range map[string]string{"MoveToVersionId": in.MoveToVersionId, "RemoveFromVersionId": in.RemoveFromVersionId} {
		if id == "" {
			continue
		}
		if err := checkVersionID(member, id); err != nil {
			return err
		}
	}
	return checkLabel(in.VersionStage)
}

func (in *updateSecretVersionStageInput) needs(a *AWS) []Access {
	needed := in.secretRef.needs(a)
	needed[0].Keys["secretsmanager:VersionStage"] = []string{in.VersionStage}
	return needed
}

// updateSecretVersionStage is a compare-and-swap: "If the label is attached and
// you either do not specify [RemoveFromVersionId], or the version ID does not
// match, then the operation fails."
func (a *AWS) updateSecretVersionStage(r *request, in *updateSecretVersionStageInput) (any, error) {
	s, err := a.findWritable(r, in.SecretId)
	if err != nil {
		return nil, err
	}
	from, to := s.labelled(in.VersionStage), s.version(in.MoveToVersionId)
	if in.MoveToVersionId != "" && to == nil {
		return nil, refuse("ResourceNotFoundException", "The secret has no version %s.", in.MoveToVersionId)
	}
	if problem := in.problem(from, to); problem != "" {
		return nil, refuse("InvalidParameterException", "%s", problem)
	}
	if to != nil {
		if err := s.roomForLabels([]string{in.VersionStage}); err != nil {
			return nil, err
		}
	}
	if from != to {
		s.move(in.VersionStage, to)
		a.changed(s, r.now)
	}
	return createSecretOutput{ARN: s.arn, Name: s.name}, nil
}

func (in *updateSecretVersionStageInput) problem(from, to *version) string {
	switch {
	case in.MoveToVersionId == "" && in.RemoveFromVersionId == "":
		return "There is neither a MoveToVersionId nor a RemoveFromVersionId."
	case from == nil && in.RemoveFromVersionId != "":
		return fmt.Sprintf("No version has the label %s, so it cannot be removed from %s.", in.VersionStage, in.RemoveFromVersionId)
	case from != nil && in.RemoveFromVersionId != "" && in.RemoveFromVersionId != from.id:
		return fmt.Sprintf("The label %s is on another version than %s.", in.VersionStage, in.RemoveFromVersionId)
	case from != nil && from != to && in.RemoveFromVersionId == "":
		return fmt.Sprintf("The label %s is on version %s, which RemoveFromVersionId must name.", in.VersionStage, from.id)
	case to == nil && in.VersionStage == current:
		return "AWSCURRENT can be moved to another version but not removed."
	}
	return ""
}
