// Package secretstore keeps records in Secrets Manager, and reads credentials from there
// where a stack keeps them in it.
//
// # A secret
//
// Each provider has one secret, in the name space of the stack:
//
//	tokenkeeper/tokens/meitner
//
// Its value is the record that consumers read, and is never read here. All that is known of it is
// in metadata: the id of a version, which the writer chooses, says what the token in it is (see
// refresh.VersionID); the label AWSCURRENT says which version consumers get, and tokenkeeper-next
// which one was stored last; the tag tokenkeeper:state holds the note of a failure,
// tokenkeeper:owner the name of the stack that may touch the secret, and tokenkeeper:paused says
// that nothing may for now.
//
// # How a token is replaced
//
// PutSecretValue stores a version with the label tokenkeeper-next; AWSCURRENT stays where it is.
// UpdateSecretVersionStage then moves AWSCURRENT from the version that the decision was taken on to
// the new one, and fails if it is no longer there. So a late run cannot undo what another has done,
// and one that dies in between leaves a version that the next run makes current. The first version
// of a secret is current at once.
//
// Repeating either call is harmless: the version's id is the request's token, so that AWS takes the
// same record twice as one; and a label that has moved already is where it should be.
//
// # What a role needs
//
// ListSecrets on *; on the stack's own secrets CreateSecret with the owner's tag,
// DescribeSecret, ListSecretVersionIds, PutSecretValue, UpdateSecretVersionStage,
// TagResource and UntagResource. Not GetSecretValue.
package secretstore
