package awstest_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// putParameter sets a String at a path below the row's own.
func (w *world) putParameter(name, value string, edits ...func(*ssm.PutParameterInput)) (*ssm.PutParameterOutput, error) {
	in := &ssm.PutParameterInput{Name: aws.String("/" + w.prefix + name), Value: aws.String(value), Type: types.ParameterTypeString}
	for _, edit := range edits {
		edit(in)
	}
	return w.ssm.PutParameter(w, in)
}

func overwrite(in *ssm.PutParameterInput) { in.Overwrite = aws.Bool(true) }
func secure(in *ssm.PutParameterInput)    { in.Type = types.ParameterTypeSecureString }
func advanced(in *ssm.PutParameterInput)  { in.Tier = types.ParameterTierAdvanced }

func (w *world) getParameter(name string, decrypt bool) (*types.Parameter, error) {
	out, err := w.ssm.GetParameter(w, &ssm.GetParameterInput{Name: aws.String("/" + w.prefix + name), WithDecryption: aws.Bool(decrypt)})
	if err != nil {
		return nil, err
	}
	return out.Parameter, nil
}

func parameterRows() []row {
	// refusesPut is a row on PutParameter of "/a", which exists.
	refusesPut := func(rule, code, value string, edits ...func(*ssm.PutParameterInput)) row {
		return row{rule: rule, check: func(w *world) error {
			if _, err := w.putParameter("/a", "1"); err != nil {
				return err
			}
			_, err := w.putParameter("/a", value, edits...)
			return refused(err, code)
		}}
	}
	named := func(name func(prefix string) string) func(*ssm.PutParameterInput) {
		return func(in *ssm.PutParameterInput) {
			in.Name = aws.String(name(strings.TrimPrefix(strings.TrimSuffix(*in.Name, "/a"), "/")))
		}
	}
	return []row{
		{rule: "PutParameter counts versions from 1", check: func(w *world) error {
			first, err := w.putParameter("/a", "1")
			if err != nil {
				return err
			}
			second, err := w.putParameter("/a", "2", overwrite)
			if err != nil {
				return err
			}
			now, err := w.getParameter("/a", false)
			if err != nil {
				return err
			}
			return same("first", first.Version, 1, "second", second.Version, 2, "value", aws.ToString(now.Value), "2", "version", now.Version, 2)
		}},
		refusesPut("PutParameter of an existing one without Overwrite is ParameterAlreadyExists", "ParameterAlreadyExists", "2"),
		refusesPut("a parameter's type cannot change", "HierarchyTypeMismatchException", "2", overwrite, secure),
		refusesPut("a parameter's value is not empty", "ValidationException", "", overwrite),
		refusesPut("a parameter's value has no references in double braces", "ValidationException", "{{ssm:x}}", overwrite),
		refusesPut("a new parameter needs a type", "ValidationException", "1", named(func(p string) string { return "/" + p + "/b" }),
			func(in *ssm.PutParameterInput) { in.Type = "" }),
		refusesPut("Tags and Overwrite exclude each other", "ValidationException", "1", overwrite,
			func(in *ssm.PutParameterInput) {
				in.Tags = []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}
			}),
		refusesPut("a standard parameter has at most 4,096 bytes", "ValidationException", strings.Repeat("v", 4097), overwrite),
		refusesPut("an advanced parameter has at most 8,192 bytes", "ValidationException", strings.Repeat("v", 8193), overwrite, advanced),
		refusesPut("a parameter name in a hierarchy begins with a slash", "ValidationException", "1", named(func(p string) string { return p + "/b" })),
		refusesPut("a parameter name has letters, digits and _.-/ only", "ValidationException", "1", named(func(p string) string { return "/" + p + "/b+c" })),
		refusesPut("a parameter name does not begin with aws or ssm", "ValidationException", "1", named(func(p string) string { return "ssm-" + p })),
		refusesPut("a parameter name has no empty level", "ValidationException", "1", named(func(p string) string { return "/" + p + "//b" })),
		refusesPut("a parameter name does not end in a slash", "ValidationException", "1", named(func(p string) string { return "/" + p + "/b/" })),
		refusesPut("a hierarchy has at most 15 levels", "HierarchyLevelLimitExceededException", "1",
			named(func(p string) string { return "/" + p + strings.Repeat("/l", 15) })),
		{rule: "the tiers hold what they say", check: func(w *world) error {
			standard, err := w.putParameter("/standard", strings.Repeat("v", 4096))
			if err != nil {
				return err
			}
			large, err := w.putParameter("/advanced", strings.Repeat("v", 8192), advanced)
			if err != nil {
				return err
			}
			clever, err := w.putParameter("/clever", strings.Repeat("v", 8192), func(in *ssm.PutParameterInput) { in.Tier = types.ParameterTierIntelligentTiering })
			if err != nil {
				return err
			}
			return same("standard", standard.Tier, types.ParameterTierStandard, "advanced", large.Tier, types.ParameterTierAdvanced, "clever", clever.Tier, types.ParameterTierAdvanced)
		}},
		{rule: "an advanced parameter does not become standard", check: func(w *world) error {
			if _, err := w.putParameter("/a", "1", advanced); err != nil {
				return err
			}
			_, err := w.putParameter("/a", "2", overwrite, func(in *ssm.PutParameterInput) { in.Tier = types.ParameterTierStandard })
			return refused(err, "ValidationException")
		}},
		{rule: "a SecureString is shown encrypted, with its version, unless decryption is asked for", check: func(w *world) error {
			if _, err := w.putParameter("/a", "open", secure); err != nil {
				return err
			}
			closed, err := w.getParameter("/a", false)
			if err != nil {
				return err
			}
			open, err := w.getParameter("/a", true)
			if err != nil {
				return err
			}
			return same("shown in the open", strings.Contains(aws.ToString(closed.Value), "open"), false, "version", closed.Version, 1,
				"decrypted", aws.ToString(open.Value), "open")
		}},
		{rule: "a missing parameter is ParameterNotFound", check: func(w *world) error {
			_, err := w.getParameter("/a", false)
			if err := refused(err, "ParameterNotFound"); err != nil {
				return err
			}
			_, err = w.ssm.DeleteParameter(w, &ssm.DeleteParameterInput{Name: aws.String("/" + w.prefix + "/a")})
			return refused(err, "ParameterNotFound")
		}},
		{rule: "a parameter with an empty level in its name is not asked for", check: func(w *world) error {
			_, err := w.getParameter("//a", false)
			return refused(err, "ValidationException")
		}},
		{rule: "a version is read by its number after a colon", check: func(w *world) error {
			if _, err := w.putParameter("/a", "1"); err != nil {
				return err
			}
			if _, err := w.putParameter("/a", "2", overwrite); err != nil {
				return err
			}
			old, err := w.getParameter("/a:1", false)
			if err != nil {
				return err
			}
			if err := same("value", aws.ToString(old.Value), "1"); err != nil {
				return err
			}
			_, err = w.getParameter("/a:3", false)
			return refused(err, "ParameterVersionNotFound")
		}},
		{rule: "a parameter is read by its ARN", check: func(w *world) error {
			if _, err := w.putParameter("/a", "1"); err != nil {
				return err
			}
			got, err := w.getParameter("/a", false)
			if err != nil {
				return err
			}
			_, err = w.ssm.GetParameter(w, &ssm.GetParameterInput{Name: got.ARN})
			return err
		}},
		{rule: "GetParameters names what is missing and sorts what is there", check: func(w *world) error {
			// So many that no order is alphabetical by chance.
			var asked, there []string
			for _, name := range []string{"/h", "/c", "/f", "/a", "/e", "/g", "/b", "/d"} {
				if _, err := w.putParameter(name, "1"); err != nil {
					return err
				}
				asked = append(asked, "/"+w.prefix+name)
			}
			missing := "/" + w.prefix + "/missing"
			out, err := w.ssm.GetParameters(w, &ssm.GetParametersInput{Names: append(asked, missing)})
			if err != nil {
				return err
			}
			for _, got := range out.Parameters {
				there = append(there, aws.ToString(got.Name))
			}
			return same("missing", out.InvalidParameters, []string{missing}, "there", there, slices.Sorted(slices.Values(asked)))
		}},
		{rule: "GetParameters takes 1 to 10 names", check: func(w *world) error {
			names := []string{}
			for i := range 11 {
				names = append(names, fmt.Sprint("/", w.prefix, "/", i))
			}
			for _, names := range [][]string{names[:0], names} {
				_, err := w.ssm.GetParameters(w, &ssm.GetParametersInput{Names: names})
				if err := refused(err, "ValidationException"); err != nil {
					return fmt.Errorf("%d names: %w", len(names), err)
				}
			}
			return nil
		}},
		{rule: "a parameter that is put again after its deletion begins at version 1", check: func(w *world) error {
			for range 2 {
				if _, err := w.putParameter("/a", "1", overwrite); err != nil {
					return err
				}
			}
			if _, err := w.ssm.DeleteParameter(w, &ssm.DeleteParameterInput{Name: aws.String("/" + w.prefix + "/a")}); err != nil {
				return err
			}
			out, err := w.putParameter("/a", "1")
			if err != nil {
				return err
			}
			return same("version", out.Version, 1)
		}},
		{rule: "a parameter's tags are set, added, removed and listed", check: func(w *world) error {
			if _, err := w.putParameter("/a", "1", func(in *ssm.PutParameterInput) {
				in.Tags = []types.Tag{{Key: aws.String("k"), Value: aws.String("1")}, {Key: aws.String("gone"), Value: aws.String("1")}}
			}); err != nil {
				return err
			}
			id := aws.String("/" + w.prefix + "/a")
			_, err := w.ssm.AddTagsToResource(w, &ssm.AddTagsToResourceInput{ResourceType: types.ResourceTypeForTaggingParameter, ResourceId: id,
				Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("2")}}})
			if err != nil {
				return err
			}
			_, err = w.ssm.RemoveTagsFromResource(w, &ssm.RemoveTagsFromResourceInput{ResourceType: types.ResourceTypeForTaggingParameter, ResourceId: id, TagKeys: []string{"gone"}})
			if err != nil {
				return err
			}
			out, err := w.ssm.ListTagsForResource(w, &ssm.ListTagsForResourceInput{ResourceType: types.ResourceTypeForTaggingParameter, ResourceId: id})
			if err != nil {
				return err
			}
			if len(out.TagList) != 1 {
				return fmt.Errorf("%d tags", len(out.TagList))
			}
			return same("value", aws.ToString(out.TagList[0].Value), "2")
		}},
	}
}

func pathRows() []row {
	read := func(w *world, in ssm.GetParametersByPathInput) (names []string, pages []int, err error) {
		p := ssm.NewGetParametersByPathPaginator(w.ssm, &in)
		for p.HasMorePages() {
			out, err := p.NextPage(w)
			if err != nil {
				return nil, nil, err
			}
			pages = append(pages, len(out.Parameters))
			for _, got := range out.Parameters {
				names = append(names, strings.TrimPrefix(aws.ToString(got.Name), "/"+w.prefix))
			}
		}
		return names, pages, nil
	}
	tree := func(check func(w *world, path string) error) func(*world) error {
		return func(w *world) error {
			for _, name := range []string{"/a", "/a/b", "/a/c/d", "/ab"} {
				if _, err := w.putParameter(name, "1"); err != nil {
					return err
				}
			}
			return check(w, "/"+w.prefix+"/a")
		}
	}
	refuses := func(rule, code string, edit func(*ssm.GetParametersByPathInput)) row {
		return row{rule: rule, check: tree(func(w *world, path string) error {
			in := &ssm.GetParametersByPathInput{Path: aws.String(path)}
			edit(in)
			_, err := w.ssm.GetParametersByPath(w, in)
			return refused(err, code)
		})}
	}
	return []row{
		{rule: "a path gives what is one level below it, and not itself", check: tree(func(w *world, path string) error {
			for _, path := range []string{path, path + "/"} {
				names, _, err := read(w, ssm.GetParametersByPathInput{Path: aws.String(path)})
				if err != nil {
					return err
				}
				if err := same(path, names, "[/a/b]"); err != nil {
					return err
				}
			}
			return nil
		})},
		{rule: "a path gives all levels below it when asked recursively", check: tree(func(w *world, path string) error {
			names, _, err := read(w, ssm.GetParametersByPathInput{Path: aws.String(path), Recursive: aws.Bool(true)})
			if err != nil {
				return err
			}
			return same("names", names, "[/a/b /a/c/d]")
		})},
		{rule: "a path that nothing is under gives an empty page", check: tree(func(w *world, path string) error {
			_, pages, err := read(w, ssm.GetParametersByPathInput{Path: aws.String(path + "/b")})
			if err != nil {
				return err
			}
			return same("pages", pages, "[0]")
		})},
		{rule: "GetParametersByPath gives 10 a page", check: func(w *world) error {
			for i := range 23 {
				if _, err := w.putParameter(fmt.Sprintf("/p/%02d", i), "1"); err != nil {
					return err
				}
			}
			names, pages, err := read(w, ssm.GetParametersByPathInput{Path: aws.String("/" + w.prefix + "/p")})
			if err != nil {
				return err
			}
			return same("pages", pages, "[10 10 3]", "names", len(names), 23)
		}},
		{rule: "GetParametersByPath decrypts when asked", check: func(w *world) error {
			if _, err := w.putParameter("/p/a", "open", secure); err != nil {
				return err
			}
			for _, decrypt := range []bool{false, true} {
				out, err := w.ssm.GetParametersByPath(w, &ssm.GetParametersByPathInput{Path: aws.String("/" + w.prefix + "/p"), WithDecryption: aws.Bool(decrypt)})
				if err != nil {
					return err
				}
				if len(out.Parameters) != 1 {
					return fmt.Errorf("%d parameters", len(out.Parameters))
				}
				if err := same("decrypted", aws.ToString(out.Parameters[0].Value) == "open", decrypt); err != nil {
					return err
				}
			}
			return nil
		}},
		{rule: "GetParametersByPath filters by type", check: func(w *world) error {
			if _, err := w.putParameter("/p/a", "1", secure); err != nil {
				return err
			}
			if _, err := w.putParameter("/p/b", "1"); err != nil {
				return err
			}
			names, _, err := read(w, ssm.GetParametersByPathInput{Path: aws.String("/" + w.prefix + "/p"),
				ParameterFilters: []types.ParameterStringFilter{{Key: aws.String("Type"), Values: []string{"String"}}}})
			if err != nil {
				return err
			}
			return same("names", names, "[/p/b]")
		}},
		refuses("GetParametersByPath has no filter by name", "InvalidFilterKey", func(in *ssm.GetParametersByPathInput) {
			in.ParameterFilters = []types.ParameterStringFilter{{Key: aws.String("Name"), Values: []string{"a"}}}
		}),
		refuses("GetParametersByPath gives at most 10 a page", "ValidationException", func(in *ssm.GetParametersByPathInput) { in.MaxResults = aws.Int32(11) }),
		refuses("a path begins with a slash", "ValidationException", func(in *ssm.GetParametersByPathInput) { in.Path = aws.String((*in.Path)[1:]) }),
		refuses("GetParametersByPath with a token that it did not give is InvalidNextToken", "InvalidNextToken", func(in *ssm.GetParametersByPathInput) { in.NextToken = aws.String("not-a-token") }),
	}
}

func describeRows() []row {
	var rows []row
	for _, f := range []struct {
		key, option, value string // value with %s for the row's own prefix
		want               string
	}{
		{"Path", "OneLevel", "/%s", "[/ab]"},
		{"Path", "Recursive", "/%s/a", "[/a/b /a/c/d]"},
		{"Name", "Equals", "/%s/ab", "[/ab]"},
		{"Name", "BeginsWith", "/%s/a/", "[/a/b /a/c/d]"},
		{"Name", "Contains", "%s/ab", "[/ab]"},
		{"Type", "Equals", "SecureString", "[/a/b]"},
		{"Tier", "Equals", "Advanced", "[/a/c/d]"},
		{"KeyId", "Equals", "alias/aws/ssm", "[/a/b]"},
		{"tag:k", "Equals", "%s", "[/ab]"},
	} {
		rows = append(rows, row{rule: fmt.Sprintf("DescribeParameters filters by %s %s", f.key, f.option), check: func(w *world) error {
			tagged := func(in *ssm.PutParameterInput) {
				in.Tags = []types.Tag{{Key: aws.String("k"), Value: aws.String(w.prefix)}}
			}
			for name, edit := range map[string]func(*ssm.PutParameterInput){"/a/b": secure, "/a/c/d": advanced, "/ab": tagged} {
				if _, err := w.putParameter(name, "1", edit); err != nil {
					return err
				}
			}
			filter := types.ParameterStringFilter{Key: aws.String(f.key), Option: aws.String(f.option), Values: []string{strings.ReplaceAll(f.value, "%s", w.prefix)}}
			pages := ssm.NewDescribeParametersPaginator(w.ssm, &ssm.DescribeParametersInput{ParameterFilters: []types.ParameterStringFilter{filter}})
			var names []string
			for pages.HasMorePages() {
				out, err := pages.NextPage(w)
				if err != nil {
					return err
				}
				for _, got := range out.Parameters {
					if name, ours := strings.CutPrefix(aws.ToString(got.Name), "/"+w.prefix); ours {
						names = append(names, name)
					}
				}
			}
			slices.Sort(names)
			return same("found", names, f.want)
		}})
	}
	return rows
}
