package awstest_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

func (w *world) list(deleted bool, filters ...types.Filter) (string, error) {
	p := secretsmanager.NewListSecretsPaginator(w.secrets, &secretsmanager.ListSecretsInput{Filters: filters, IncludePlannedDeletion: aws.Bool(deleted)})
	var names []string
	for p.HasMorePages() {
		out, err := p.NextPage(w)
		if err != nil {
			return "", err
		}
		for _, s := range out.SecretList {
			if name, ours := strings.CutPrefix(aws.ToString(s.Name), w.prefix); ours {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return strings.Join(names, " "), nil
}

func by(key types.FilterNameStringType, values ...string) types.Filter {
	return types.Filter{Key: key, Values: values}
}

func listRows() []row {
	listed := func(want string, deleted bool, filters func(prefix string) []types.Filter) func(*world) error {
		return func(w *world) error {
			for _, name := range []string{"/a", "/ab", "/B"} {
				_, err := w.secrets.CreateSecret(w, &secretsmanager.CreateSecretInput{
					Name: aws.String(w.prefix + name), Tags: []types.Tag{{Key: aws.String(w.prefix + "owner" + name), Value: aws.String("x")}},
				})
				if err != nil {
					return err
				}
			}
			_, err := w.secrets.DeleteSecret(w, &secretsmanager.DeleteSecretInput{SecretId: aws.String(w.prefix + "/B")})
			if err != nil {
				return err
			}
			got, err := w.list(deleted, filters(w.prefix)...)
			if err != nil {
				return err
			}
			return same("listed", got, want)
		}
	}
	return []row{
		{rule: "ListSecrets leaves out what is scheduled for deletion", check: listed("/a /ab", false, func(p string) []types.Filter {
			return []types.Filter{by("name", p)}
		})},
		{rule: "ListSecrets includes what is scheduled for deletion when asked", check: listed("/B /a /ab", true, func(p string) []types.Filter {
			return []types.Filter{by("name", p)}
		})},
		{rule: "the filter name is a prefix", check: listed("/a /ab", true, func(p string) []types.Filter {
			return []types.Filter{by("name", p+"/a")}
		})},
		{rule: "the filter name is case-sensitive", check: listed("", true, func(p string) []types.Filter {
			return []types.Filter{by("name", p+"/b")}
		})},
		{rule: "several values of a filter are alternatives", check: listed("/B /ab", true, func(p string) []types.Filter {
			return []types.Filter{by("name", p+"/ab", p+"/B")}
		})},
		{rule: "an exclamation mark turns a filter around", check: listed("/B", true, func(p string) []types.Filter {
			return []types.Filter{by("name", p), by("name", "!"+p+"/a")}
		})},
		{rule: "the filter tag-key is a prefix", check: listed("/a /ab", true, func(p string) []types.Filter {
			return []types.Filter{by("tag-key", p+"owner/a")}
		})},
		{rule: "the filter tag-key is case-sensitive", check: listed("", true, func(p string) []types.Filter {
			return []types.Filter{by("tag-key", p+"Owner")}
		})},
		{rule: "several filters must all match", check: listed("/ab", true, func(p string) []types.Filter {
			return []types.Filter{by("tag-key", p+"owner/ab", p+"owner/B"), by("name", p+"/a")}
		})},
		{rule: "ListSecrets gives pages of the size asked for", check: func(w *world) error {
			for i := range 3 {
				if _, err := w.create(fmt.Sprint(w.prefix, i), "a"); err != nil {
					return err
				}
			}
			in := &secretsmanager.ListSecretsInput{Filters: []types.Filter{by("name", w.prefix)}, MaxResults: aws.Int32(2)}
			first, err := w.secrets.ListSecrets(w, in)
			if err != nil {
				return err
			}
			in.NextToken = first.NextToken
			second, err := w.secrets.ListSecrets(w, in)
			if err != nil {
				return err
			}
			return same("first page", len(first.SecretList), 2, "second page", len(second.SecretList), 1, "a third page", second.NextToken != nil, false)
		}},
		{rule: "ListSecrets with a token that it did not give is InvalidNextTokenException", check: func(w *world) error {
			_, err := w.secrets.ListSecrets(w, &secretsmanager.ListSecretsInput{NextToken: aws.String("not-a-token")})
			return refused(err, "InvalidNextTokenException")
		}},
		{rule: "ListSecrets gives at most 100 a page", check: func(w *world) error {
			_, err := w.secrets.ListSecrets(w, &secretsmanager.ListSecretsInput{MaxResults: aws.Int32(101)})
			return refused(err, outOfRange...)
		}},
		{rule: "ListSecrets shows the labelled versions only", check: func(w *world) error {
			if _, err := w.create(w.prefix, "a"); err != nil {
				return err
			}
			for n := 2; n <= 4; n++ {
				if err := w.put(w.prefix, n, "v"); err != nil {
					return err
				}
			}
			out, err := w.secrets.ListSecrets(w, &secretsmanager.ListSecretsInput{Filters: []types.Filter{by("name", w.prefix)}})
			if err != nil {
				return err
			}
			if len(out.SecretList) != 1 {
				return fmt.Errorf("%d secrets listed", len(out.SecretList))
			}
			return same("versions", out.SecretList[0].SecretVersionsToStages, map[string][]string{token(3): {"AWSPREVIOUS"}, token(4): {"AWSCURRENT"}})
		}},
	}
}

func tagRows() []row {
	tag := func(w *world, key, value string) error {
		_, err := w.secrets.TagResource(w, &secretsmanager.TagResourceInput{SecretId: aws.String(w.prefix), Tags: []types.Tag{{Key: aws.String(key), Value: aws.String(value)}}})
		return err
	}
	untag := func(w *world, keys ...string) error {
		_, err := w.secrets.UntagResource(w, &secretsmanager.UntagResourceInput{SecretId: aws.String(w.prefix), TagKeys: keys})
		return err
	}
	tags := func(w *world) string {
		out, err := w.secrets.DescribeSecret(w, &secretsmanager.DescribeSecretInput{SecretId: aws.String(w.prefix)})
		if err != nil {
			return err.Error()
		}
		var all []string
		for _, t := range out.Tags {
			all = append(all, aws.ToString(t.Key)+"="+aws.ToString(t.Value))
		}
		slices.Sort(all)
		return strings.Join(all, " ")
	}
	tagged := func(check func(*world) error) func(*world) error {
		return func(w *world) error {
			if _, err := w.create(w.prefix, "a"); err != nil {
				return err
			}
			if err := tag(w, "k", "1"); err != nil {
				return err
			}
			return check(w)
		}
	}
	return []row{
		{rule: "TagResource adds to the tags and replaces the value of one that is there", check: tagged(func(w *world) error {
			if err := tag(w, "k", "2"); err != nil {
				return err
			}
			if err := tag(w, "K", "3"); err != nil {
				return err
			}
			return same("tags", tags(w), "K=3 k=2")
		})},
		{rule: "UntagResource takes no offence at a tag that is not there", check: tagged(func(w *world) error {
			if err := untag(w, "other"); err != nil {
				return err
			}
			if err := untag(w, "k"); err != nil {
				return err
			}
			return same("tags", tags(w), "")
		})},
		{rule: "a tag value has at most 256 characters", check: tagged(func(w *world) error {
			if err := tag(w, "k", strings.Repeat("v", 256)); err != nil {
				return err
			}
			return refused(tag(w, "k", strings.Repeat("v", 257)), outOfRange...)
		})},
		{rule: "a tag key has at most 128 characters", check: tagged(func(w *world) error {
			return refused(tag(w, strings.Repeat("k", 129), "v"), outOfRange...)
		})},
		{rule: "a tag has letters, digits, spaces and _.:/=+-@ only", check: tagged(func(w *world) error {
			if err := tag(w, "k", "v1 class=x_y.z:/=+-@"); err != nil {
				return err
			}
			return refused(tag(w, "k", `{"class": "x"}`), outOfRange...)
		})},
		{rule: "a tag key does not begin with aws:", check: tagged(func(w *world) error {
			return refused(tag(w, "aws:k", "v"), append(outOfRange, "InvalidRequestException")...)
		})},
		{rule: "a secret has at most 50 tags", check: tagged(func(w *world) error {
			for i := range 49 {
				if err := tag(w, fmt.Sprint("t", i), ""); err != nil {
					return err
				}
			}
			return refused(tag(w, "t49", ""), append(outOfRange, "LimitExceededException")...)
		})},
		{rule: "CreateSecret sets tags", check: func(w *world) error {
			_, err := w.secrets.CreateSecret(w, &secretsmanager.CreateSecretInput{Name: aws.String(w.prefix), Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}})
			if err != nil {
				return err
			}
			return same("tags", tags(w), "k=v")
		}},
	}
}

func deletionRows() []row {
	remove := func(w *world, days int64, force bool) error {
		in := &secretsmanager.DeleteSecretInput{SecretId: aws.String(w.prefix)}
		if days != 0 {
			in.RecoveryWindowInDays = aws.Int64(days)
		}
		if force {
			in.ForceDeleteWithoutRecovery = aws.Bool(true)
		}
		_, err := w.secrets.DeleteSecret(w, in)
		return err
	}
	// refuses is a row on a secret that is scheduled for deletion.
	refuses := func(what string, do func(*world) error) row {
		return row{rule: "a secret that is scheduled for deletion is InvalidRequestException to " + what, check: func(w *world) error {
			if _, err := w.create(w.prefix, "a"); err != nil {
				return err
			}
			if err := remove(w, 0, false); err != nil {
				return err
			}
			return refused(do(w), "InvalidRequestException")
		}}
	}
	restore := func(w *world) error {
		_, err := w.secrets.RestoreSecret(w, &secretsmanager.RestoreSecretInput{SecretId: aws.String(w.prefix)})
		return err
	}
	get := func(w *world) error {
		_, err := w.secrets.GetSecretValue(w, &secretsmanager.GetSecretValueInput{SecretId: aws.String(w.prefix)})
		return err
	}
	create := func(w *world) error {
		_, err := w.create(w.prefix, "a")
		return err
	}
	return []row{
		refuses("GetSecretValue", get),
		refuses("PutSecretValue", func(w *world) error { return w.put(w.prefix, 2, "b") }),
		refuses("UpdateSecretVersionStage", func(w *world) error { return w.move(w.prefix, "new", 1, 0) }),
		refuses("TagResource", func(w *world) error {
			_, err := w.secrets.TagResource(w, &secretsmanager.TagResourceInput{SecretId: aws.String(w.prefix), Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}})
			return err
		}),
		refuses("UntagResource", func(w *world) error {
			_, err := w.secrets.UntagResource(w, &secretsmanager.UntagResourceInput{SecretId: aws.String(w.prefix), TagKeys: []string{"k"}})
			return err
		}),
		refuses("UpdateSecret", func(w *world) error {
			_, err := w.secrets.UpdateSecret(w, &secretsmanager.UpdateSecretInput{SecretId: aws.String(w.prefix), Description: aws.String("d")})
			return err
		}),
		refuses("CreateSecret", func(w *world) error {
			_, err := w.secrets.CreateSecret(w, &secretsmanager.CreateSecretInput{Name: aws.String(w.prefix), SecretString: aws.String("b")})
			return err
		}),
		{rule: "a secret that is scheduled for deletion is described with its date", check: func(w *world) error {
			if err := steps(func() error { return create(w) }, func() error { return remove(w, 7, false) }); err != nil {
				return err
			}
			out, err := w.secrets.DescribeSecret(w, &secretsmanager.DescribeSecretInput{SecretId: aws.String(w.prefix)})
			if err != nil {
				return err
			}
			return same("dated", out.DeletedDate != nil, true)
		}},
		{rule: "RestoreSecret gives the secret back", check: func(w *world) error {
			return steps(func() error { return create(w) }, func() error { return remove(w, 0, false) }, func() error { return restore(w) }, func() error { return get(w) })
		}},
		{rule: "a recovery window has 7 to 30 days", check: func(w *world) error {
			if err := create(w); err != nil {
				return err
			}
			for _, days := range []int64{6, 31} {
				if err := refused(remove(w, days, false), outOfRange...); err != nil {
					return fmt.Errorf("%d days: %w", days, err)
				}
			}
			return remove(w, 7, false)
		}},
		{rule: "a forced deletion with a recovery window is InvalidParameterException", check: func(w *world) error {
			if err := create(w); err != nil {
				return err
			}
			return refused(remove(w, 7, true), "InvalidParameterException")
		}},
		{rule: "a forced deletion takes the secret away, of a missing one as well", check: func(w *world) error {
			if err := steps(func() error { return remove(w, 0, true) }, func() error { return create(w) }, func() error { return remove(w, 0, true) }); err != nil {
				return err
			}
			return refused(get(w), "ResourceNotFoundException")
		}},
		{rule: "a secret is gone when its recovery window ends", needsClock: true, check: func(w *world) error {
			if err := steps(func() error { return create(w) }, func() error { return remove(w, 7, false) }); err != nil {
				return err
			}
			w.clock.Advance(7 * 24 * time.Hour)
			if err := refused(restore(w), "ResourceNotFoundException"); err != nil {
				return err
			}
			if got, err := w.list(true); err != nil || got != "" {
				return fmt.Errorf("listed %q, %v", got, err)
			}
			return create(w)
		}},
	}
}
