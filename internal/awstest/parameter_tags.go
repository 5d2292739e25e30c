package awstest

// A taggedParameter is what tagging operations name a parameter by.
type taggedParameter struct {
	ResourceType, ResourceId string
}

func (t *taggedParameter) check() error {
	if t.ResourceType != "Parameter" {
		return notModelled("tags of a %q", t.ResourceType)
	}
	return nil
}

func (t *taggedParameter) needs(a *AWS) []Access { return []Access{a.parameterAccess(t.ResourceId)} }

func (a *AWS) taggedParameter(t taggedParameter) (*parameter, error) {
	if p := a.parameters[t.ResourceId]; p != nil {
		return p, nil
	}
	return nil, refuse("InvalidResourceId", "There is no such parameter.")
}

type addTagsInput struct {
	taggedParameter
	Tags []tag
}

func (in *addTagsInput) check() error {
	if err := in.taggedParameter.check(); err != nil {
		return err
	}
	return checkTags(in.Tags)
}

func (in *addTagsInput) needs(a *AWS) []Access {
	needed := in.taggedParameter.needs(a)
	requestTags(needed[0].Keys, in.Tags)
	return needed
}

func (a *AWS) addTagsToParameter(_ *request, in *addTagsInput) (any, error) {
	p, err := a.taggedParameter(in.taggedParameter)
	if err != nil {
		return nil, err
	}
	tags := withTags(p.tags, in.Tags)
	if len(tags) > maxTags {
		return nil, refuse("TooManyTagsError", "The parameter would have %d tags, more than %d.", len(tags), maxTags)
	}
	p.tags = tags
	return struct{}{}, nil
}

type removeTagsInput struct {
	taggedParameter
	TagKeys []string
}

func (in *removeTagsInput) needs(a *AWS) []Access {
	needed := in.taggedParameter.needs(a)
	needed[0].Keys["aws:TagKeys"] = in.TagKeys
	return needed
}

func (a *AWS) removeTagsFromParameter(_ *request, in *removeTagsInput) (any, error) {
	p, err := a.taggedParameter(in.taggedParameter)
	if err != nil {
		return nil, err
	}
	p.tags = withoutTags(p.tags, in.TagKeys)
	return struct{}{}, nil
}

type listTagsInput struct{ taggedParameter }

type listTagsOutput struct {
	TagList []tag
}

func (a *AWS) listTagsOfParameter(_ *request, in *listTagsInput) (any, error) {
	p, err := a.taggedParameter(in.taggedParameter)
	if err != nil {
		return nil, err
	}
	return listTagsOutput{append([]tag{}, p.tags...)}, nil
}
