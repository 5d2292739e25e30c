package awstest

import "strings"

// Authorize puts every later call under allows, such as the method Allows of a
// Policy. Nil, which is how a world begins, allows everything. It is called with
// the fake locked: it must not call the fake.
func (a *AWS) Authorize(allows func(Access) bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.allows = allows
}

// allow checks one permission, for the record as well.
func (a *AWS) allow(r *request, needed Access) error {
	if needed.Keys == nil {
		needed.Keys = map[string][]string{}
	}
	needed.Keys["aws:RequestedRegion"] = []string{a.options.Region}
	needed.Keys["aws:PrincipalAccount"] = []string{a.options.Account}
	needed.Keys["aws:ResourceAccount"] = []string{a.options.Account}
	r.call.Needed = append(r.call.Needed, needed)
	if a.allows == nil || a.allows(needed) {
		return nil
	}
	return refuse("AccessDeniedException", "The caller is not authorized to perform %s on %s.", needed.Action, needed.Resource)
}

func (a *AWS) arn(service, resource string) string {
	return strings.Join([]string{"arn:aws", service, a.options.Region, a.options.Account, resource}, ":")
}

// resourceTags are the condition keys that a resource's tags make.
func resourceTags(keys map[string][]string, prefixes []string, tags []tag) {
	for _, t := range tags {
		for _, p := range prefixes {
			keys[p+t.Key] = []string{t.Value}
		}
	}
}

// requestTags are the condition keys that the tags in a request make. No tags
// make no key: aws:TagKeys is absent then, which ForAllValues takes for true.
func requestTags(keys map[string][]string, tags []tag) {
	for _, t := range tags {
		keys["aws:RequestTag/"+t.Key] = []string{t.Value}
		keys["aws:TagKeys"] = append(keys["aws:TagKeys"], t.Key)
	}
}
