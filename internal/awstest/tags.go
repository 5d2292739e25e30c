package awstest

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// maxTags is the quota of tags per resource that all services share.
const maxTags = 50

// General Reference, "Tag naming limits": letters, digits and spaces of any
// script, and these characters.
var tagText = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)

// checkTags applies what holds for a list of tags in a request.
func checkTags(tags []tag) error {
	var keys []string
	for _, t := range tags {
		if err := checkTagKey(t.Key); err != nil {
			return err
		}
		if len([]rune(t.Value)) > 256 {
			return invalid("The value of tag %q is longer than 256 characters.", t.Key)
		}
		if !tagText.MatchString(t.Value) {
			return refuse("InvalidParameterException", "The value of tag %q has a character that tags may not have.", t.Key)
		}
		if slices.Contains(keys, t.Key) {
			return refuse("InvalidParameterException", "Tag %q is there twice.", t.Key)
		}
		keys = append(keys, t.Key)
	}
	if len(tags) > maxTags {
		return refuse("InvalidParameterException", "%d tags in one request; a resource can have %d.", len(tags), maxTags)
	}
	return nil
}

func checkTagKey(key string) error {
	switch {
	case key == "" || len([]rune(key)) > 128:
		return invalid("A tag key has 1 to 128 characters.")
	case !tagText.MatchString(key):
		return refuse("InvalidParameterException", "Tag key %q has a character that tags may not have.", key)
	case strings.HasPrefix(strings.ToLower(key), "aws:"):
		return refuse("InvalidParameterException", "Tag key %q begins with aws:, which is AWS's own.", key)
	}
	return nil
}

// withTags adds tags to those that a resource has; one with the same key, in
// which case matters, is replaced.
func withTags(present, added []tag) []tag {
	tags := slices.DeleteFunc(slices.Clone(present), func(t tag) bool {
		return slices.ContainsFunc(added, func(n tag) bool { return n.Key == t.Key })
	})
	tags = append(tags, added...)
	slices.SortFunc(tags, func(x, y tag) int { return cmp.Compare(x.Key, y.Key) })
	return tags
}

func withoutTags(present []tag, keys []string) []tag {
	return slices.DeleteFunc(slices.Clone(present), func(t tag) bool { return slices.Contains(keys, t.Key) })
}

type tagSecretInput struct {
	secretRef
	Tags []tag
}

func (in *tagSecretInput) check() error {
	if err := in.secretRef.check(); err != nil {
		return err
	}
	return checkTags(in.Tags)
}

func (in *tagSecretInput) needs(a *AWS) []Access {
	needed := in.secretRef.needs(a)
	requestTags(needed[0].Keys, in.Tags)
	return needed
}

func (a *AWS) tagSecret(r *request, in *tagSecretInput) (any, error) {
	s, err := a.findWritable(r, in.SecretId)
	if err != nil {
		return nil, err
	}
	tags := withTags(s.tags, in.Tags)
	if len(tags) > maxTags {
		return nil, refuse("InvalidParameterException", "The secret would have %d tags, more than %d.", len(tags), maxTags)
	}
	s.tags = tags
	a.changed(s, r.now)
	return struct{}{}, nil
}

type untagSecretInput struct {
	secretRef
	TagKeys []string
}

func (in *untagSecretInput) check() error {
	if err := in.secretRef.check(); err != nil {
		return err
	}
	for _, key := range in.TagKeys {
		if key == "" || len([]rune(key)) > 128 {
			return invalid("A tag key has 1 to 128 characters.")
		}
	}
	return nil
}

func (in *untagSecretInput) needs(a *AWS) []Access {
	needed := in.secretRef.needs(a)
	needed[0].Keys["aws:TagKeys"] = in.TagKeys
	return needed
}

// untagSecret: "If a requested tag is not attached to the secret, no error is
// returned and the secret metadata is unchanged."
func (a *AWS) untagSecret(r *request, in *untagSecretInput) (any, error) {
	s, err := a.findWritable(r, in.SecretId)
	if err != nil {
		return nil, err
	}
	if tags := withoutTags(s.tags, in.TagKeys); len(tags) < len(s.tags) {
		s.tags = tags
		a.changed(s, r.now)
	}
	return struct{}{}, nil
}
