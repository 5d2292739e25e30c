package secretstore

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/refresh"
)

// CodeOvertaken is the code of a version that could not be made current because others
// moved the label each time.
const CodeOvertaken = "label_moved_meanwhile"

// maxMoves is how often Save tries to move the label to one version. It ends early, unless
// descriptions lag behind.
const maxMoves = 10

// Save stores a version and makes it current: see the package comment.
//
// Where the label is found on a foreign version, it is left there, and the
// state says so: the next run reports it and replaces it.
func (s *Store) Save(ctx context.Context, c refresh.Change) (refresh.State, error) {
	from := c.From
	if from != "" && !c.Replaces(from) {
		st, err := s.Describe(ctx, c.Provider)
		if err != nil || settled(st, c) {
			return st, err
		}
		from = st.Current
	}
	if !c.Record.IsZero() {
		current, err := s.put(ctx, c)
		if err != nil {
			return refresh.State{}, err
		}
		if current {
			return saved(c), nil
		}
	}
	if c.Probe != nil {
		st, err := s.Describe(ctx, c.Provider)
		if err != nil || settled(st, c) {
			return st, err
		}
		from = st.Current
		if err := c.Probe(ctx); err != nil {
			return refresh.State{}, err
		}
	}
	for range maxMoves {
		moved, err := s.move(ctx, c.Provider, from, c.To)
		if err != nil {
			return refresh.State{}, err
		}
		if moved {
			return saved(c), nil
		}
		st, err := s.Describe(ctx, c.Provider)
		if err != nil || settled(st, c) {
			return st, err
		}
		from = st.Current
	}
	return refresh.State{}, &refresh.Error{Class: refresh.Transient, Code: CodeOvertaken,
		Detail: s.secret(c.Provider) + ": the label AWSCURRENT was moved by others while it was being moved"}
}

func saved(c refresh.Change) refresh.State {
	return refresh.State{Name: c.Provider, Exists: true, Owned: true, Current: c.To, Next: c.To}
}

// settled reports whether the current version stays: it is the one of c, or another run's
// that goes before it, or a foreign one written since the decision; or the
// secret has been given to another owner since.
func settled(st refresh.State, c refresh.Change) bool {
	_, ours := st.Current.Parse()
	return !st.Owned || !c.Replaces(st.Current) || st.Current != "" && !ours && st.Current != c.From
}

// put stores the record of c and reports whether it is current already: as the first
// version of its secret is, or one that was stored before.
func (s *Store) put(ctx context.Context, c refresh.Change) (current bool, err error) {
	out, err := s.Client.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId:           aws.String(s.secret(c.Provider)),
		ClientRequestToken: aws.String(string(c.To)),
		VersionStages:      []string{labelNext},
		SecretString:       aws.String(c.Record.Reveal()),
	})
	switch {
	case err == nil:
		return slices.Contains(out.VersionStages, labelCurrent), nil
	case awscall.Is(err, "ResourceExistsException"):
		// The id says the second, the lifetime, the config and the token: the run that was
		// first has stored the same. If not, there is nothing to move the label to.
		return false, nil
	}
	return false, s.blocked(ctx, c.Provider, failurePutting(c.Record, "PutSecretValue", s.secret(c.Provider), err))
}

// move moves the label AWSCURRENT to a version. It reports false if the label was not on
// from; or was on any version, if that is empty.
func (s *Store) move(ctx context.Context, provider string, from, to refresh.VersionID) (bool, error) {
	in := &secretsmanager.UpdateSecretVersionStageInput{
		SecretId:        aws.String(s.secret(provider)),
		VersionStage:    aws.String(labelCurrent),
		MoveToVersionId: aws.String(string(to)),
	}
	if from != "" {
		in.RemoveFromVersionId = aws.String(string(from))
	}
	_, err := s.Client.UpdateSecretVersionStage(ctx, in)
	switch {
	case err == nil:
		return true, nil
	case awscall.Is(err, "InvalidParameterException", "ValidationException"):
		// The second says that from cannot be the id of a version, so that it is not one.
		return false, nil
	}
	return false, s.blocked(ctx, provider, failure("UpdateSecretVersionStage", s.secret(provider), err))
}

// blocked says why a secret takes no write. Where AWS's code means several things, it is described.
func (s *Store) blocked(ctx context.Context, provider string, err error) error {
	if !awscall.Is(err, "InvalidRequestException") {
		return err
	}
	if st, describing := s.Describe(ctx, provider); describing == nil && st.Blocked != nil {
		return st.Blocked
	}
	return err
}
