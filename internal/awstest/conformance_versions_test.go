package awstest_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

func versionRows() []row {
	value := func(w *world, version int, label string) (string, error) {
		in := &secretsmanager.GetSecretValueInput{SecretId: aws.String(w.prefix)}
		if version != 0 {
			in.VersionId = w.id(version)
		}
		if label != "" {
			in.VersionStage = aws.String(label)
		}
		out, err := w.secrets.GetSecretValue(w, in)
		if err != nil {
			return "", err
		}
		return aws.ToString(out.SecretString), nil
	}
	seeded := func(check func(*world) error) func(*world) error {
		return func(w *world) error {
			if _, err := w.create(w.prefix, "a"); err != nil {
				return err
			}
			return check(w)
		}
	}
	return []row{
		{rule: "PutSecretValue makes the new version AWSCURRENT and the old one AWSPREVIOUS", check: seeded(func(w *world) error {
			if err := w.put(w.prefix, 2, "b"); err != nil {
				return err
			}
			if err := w.put(w.prefix, 3, "c"); err != nil {
				return err
			}
			return same("versions", w.labels(w.prefix), "2:AWSPREVIOUS 3:AWSCURRENT")
		})},
		{rule: "PutSecretValue with labels leaves AWSCURRENT alone", check: seeded(func(w *world) error {
			if err := w.put(w.prefix, 2, "b", "next"); err != nil {
				return err
			}
			return same("versions", w.labels(w.prefix), "1:AWSCURRENT 2:next")
		})},
		{rule: "the first version gets AWSCURRENT besides the labels asked for", check: func(w *world) error {
			if _, err := w.create(w.prefix, ""); err != nil {
				return err
			}
			if err := w.put(w.prefix, 1, "a", "next"); err != nil {
				return err
			}
			return same("versions", w.labels(w.prefix), "1:AWSCURRENT,next")
		}},
		{rule: "a label that PutSecretValue asks for moves from the version that has it", check: seeded(func(w *world) error {
			if err := w.put(w.prefix, 2, "b", "next", "other"); err != nil {
				return err
			}
			if err := w.put(w.prefix, 3, "c", "next"); err != nil {
				return err
			}
			return same("versions", w.labels(w.prefix), "1:AWSCURRENT 2:other 3:next")
		})},
		{rule: "PutSecretValue repeated with the same token and value changes nothing", check: seeded(func(w *world) error {
			if err := w.put(w.prefix, 2, "b", "next"); err != nil {
				return err
			}
			if err := w.put(w.prefix, 2, "b"); err != nil {
				return err
			}
			return same("versions", w.labels(w.prefix), "1:AWSCURRENT 2:next")
		})},
		{rule: "PutSecretValue repeated with another value is ResourceExistsException", check: seeded(func(w *world) error {
			if err := w.put(w.prefix, 2, "b"); err != nil {
				return err
			}
			if err := refused(w.put(w.prefix, 2, "c"), "ResourceExistsException"); err != nil {
				return err
			}
			got, err := value(w, 0, "")
			if err != nil {
				return err
			}
			return same("value", got, "b")
		})},
		{rule: "a token has 32 to 64 characters of any kind", check: seeded(func(w *world) error {
			for _, n := range []int{31, 32, 64, 65} {
				_, err := w.secrets.PutSecretValue(w, &secretsmanager.PutSecretValueInput{
					SecretId: aws.String(w.prefix), SecretString: aws.String("b"), ClientRequestToken: aws.String(strings.Repeat("~", n)),
				})
				if n == 31 || n == 65 {
					err = refused(err, outOfRange...)
				}
				if err != nil {
					return fmt.Errorf("%d characters: %w", n, err)
				}
			}
			return nil
		})},
		{rule: "a value has at most 65,536 bytes", check: seeded(func(w *world) error {
			if err := w.put(w.prefix, 2, strings.Repeat("v", 65536)); err != nil {
				return err
			}
			return refused(w.put(w.prefix, 3, strings.Repeat("v", 65537)), outOfRange...)
		})},
		{rule: "a value has at least one byte", check: seeded(func(w *world) error {
			return refused(w.put(w.prefix, 2, ""), append(outOfRange, "InvalidRequestException")...)
		})},
		{rule: "PutSecretValue without a value is InvalidRequestException", check: seeded(func(w *world) error {
			_, err := w.secrets.PutSecretValue(w, &secretsmanager.PutSecretValueInput{SecretId: aws.String(w.prefix)})
			return refused(err, "InvalidRequestException")
		})},
		{rule: "a binary value comes back as one", check: seeded(func(w *world) error {
			_, err := w.secrets.PutSecretValue(w, &secretsmanager.PutSecretValueInput{SecretId: aws.String(w.prefix), SecretBinary: []byte("\x00\xff")})
			if err != nil {
				return err
			}
			out, err := w.secrets.GetSecretValue(w, &secretsmanager.GetSecretValueInput{SecretId: aws.String(w.prefix)})
			if err != nil {
				return err
			}
			return same("binary", out.SecretBinary, []byte("\x00\xff"), "string", out.SecretString == nil, true)
		})},
		{rule: "a version is read by label, by id, or by both", check: seeded(func(w *world) error {
			if err := w.put(w.prefix, 2, "b", "next"); err != nil {
				return err
			}
			byLabel, err1 := value(w, 0, "next")
			byID, err2 := value(w, 2, "")
			byBoth, err3 := value(w, 2, "next")
			return same("by label", byLabel, "b", "by id", byID, "b", "by both", byBoth, "b", "errors", []any{err1, err2, err3}, "[<nil> <nil> <nil>]")
		})},
		{rule: "a version read by a label that it does not have is InvalidRequestException", check: seeded(func(w *world) error {
			_, err := value(w, 1, "AWSPREVIOUS")
			return refused(err, "InvalidRequestException")
		})},
		{rule: "a label or version that is not there is ResourceNotFoundException", check: seeded(func(w *world) error {
			_, err := value(w, 0, "next")
			if err := refused(err, "ResourceNotFoundException"); err != nil {
				return fmt.Errorf("label: %w", err)
			}
			_, err = value(w, 9, "")
			return refused(err, "ResourceNotFoundException")
		})},
		{rule: "a version that has lost its labels can be read and is listed as deprecated only", check: seeded(func(w *world) error {
			if err := w.put(w.prefix, 2, "b"); err != nil {
				return err
			}
			if err := w.put(w.prefix, 3, "c"); err != nil {
				return err
			}
			if got, err := value(w, 1, ""); err != nil || got != "a" {
				return fmt.Errorf("reading it: %q, %v", got, err)
			}
			for _, deprecated := range []bool{false, true} {
				out, err := w.secrets.ListSecretVersionIds(w, &secretsmanager.ListSecretVersionIdsInput{SecretId: aws.String(w.prefix), IncludeDeprecated: aws.Bool(deprecated)})
				if err != nil {
					return err
				}
				want := map[bool]int{false: 2, true: 3}[deprecated]
				if err := same(fmt.Sprint("versions listed, deprecated ", deprecated), len(out.Versions), want); err != nil {
					return err
				}
			}
			return nil
		})},
		{rule: "ListSecretVersionIds gives pages", check: seeded(func(w *world) error {
			if err := w.put(w.prefix, 2, "b"); err != nil {
				return err
			}
			p := secretsmanager.NewListSecretVersionIdsPaginator(w.secrets, &secretsmanager.ListSecretVersionIdsInput{SecretId: aws.String(w.prefix), MaxResults: aws.Int32(1)})
			var sizes []int
			for p.HasMorePages() {
				out, err := p.NextPage(w)
				if err != nil {
					return err
				}
				sizes = append(sizes, len(out.Versions))
			}
			return same("pages", sizes, "[1 1]")
		})},
		{rule: "the 101st version of a day is LimitExceededException", check: seeded(func(w *world) error {
			for n := 2; n <= 100; n++ {
				if err := w.put(w.prefix, n, "v"); err != nil {
					return fmt.Errorf("version %d: %w", n, err)
				}
			}
			return refused(w.put(w.prefix, 101, "v"), "LimitExceededException")
		})},
		{rule: "unlabelled versions older than a day make room for new ones, the oldest first", needsClock: true, check: seeded(func(w *world) error {
			for n := 2; n <= 100; n++ {
				w.clock.Advance(time.Minute)
				if err := w.put(w.prefix, n, "v"); err != nil {
					return fmt.Errorf("version %d: %w", n, err)
				}
			}
			w.clock.Advance(24*time.Hour - 99*time.Minute)
			if err := w.put(w.prefix, 101, "v"); err != nil {
				return err
			}
			if err := refused(w.put(w.prefix, 102, "v"), "LimitExceededException"); err != nil {
				return err
			}
			_, err := value(w, 1, "")
			if err := refused(err, "ResourceNotFoundException"); err != nil {
				return err
			}
			_, err = value(w, 2, "")
			return err
		})},
		{rule: "a labelled version stays however old it is", needsClock: true, check: func(w *world) error {
			if _, err := w.create(w.prefix, ""); err != nil {
				return err
			}
			if err := w.put(w.prefix, 1, "a", "kept"); err != nil {
				return err
			}
			for n := 2; n <= 200; n++ {
				w.clock.Advance(15 * time.Minute)
				if err := w.put(w.prefix, n, "v"); err != nil {
					return fmt.Errorf("version %d: %w", n, err)
				}
			}
			return same("versions", w.labels(w.prefix), "199:AWSPREVIOUS 1:kept 200:AWSCURRENT")
		}},
	}
}

func labelRows() []row {
	// staged is a secret with version 1 current and version 2 labelled next.
	staged := func(check func(*world) error) func(*world) error {
		return func(w *world) error {
			if _, err := w.create(w.prefix, "a"); err != nil {
				return err
			}
			if err := w.put(w.prefix, 2, "b", "next"); err != nil {
				return err
			}
			return check(w)
		}
	}
	unmoved := func(w *world) error { return same("versions", w.labels(w.prefix), "1:AWSCURRENT 2:next") }
	return []row{
		{rule: "AWSCURRENT moves from the version named, and AWSPREVIOUS follows", check: staged(func(w *world) error {
			if err := w.move(w.prefix, "AWSCURRENT", 2, 1); err != nil {
				return err
			}
			return same("versions", w.labels(w.prefix), "1:AWSPREVIOUS 2:AWSCURRENT,next")
		})},
		{rule: "AWSPREVIOUS leaves the version that becomes AWSCURRENT again", check: staged(func(w *world) error {
			if err := w.move(w.prefix, "AWSCURRENT", 2, 1); err != nil {
				return err
			}
			if err := w.move(w.prefix, "AWSCURRENT", 1, 2); err != nil {
				return err
			}
			return same("versions", w.labels(w.prefix), "1:AWSCURRENT 2:AWSPREVIOUS,next")
		})},
		{rule: "a label does not move when it is on another version than the one named", check: staged(func(w *world) error {
			if err := w.put(w.prefix, 3, "c"); err != nil {
				return err
			}
			if err := refused(w.move(w.prefix, "AWSCURRENT", 2, 1), "InvalidParameterException"); err != nil {
				return err
			}
			return same("versions", w.labels(w.prefix), "1:AWSPREVIOUS 2:next 3:AWSCURRENT")
		})},
		{rule: "a label that is elsewhere does not move unless that version is named", check: staged(func(w *world) error {
			if err := refused(w.move(w.prefix, "AWSCURRENT", 2, 0), "InvalidParameterException"); err != nil {
				return err
			}
			return unmoved(w)
		})},
		{rule: "a custom label that is elsewhere does not move unless that version is named", check: staged(func(w *world) error {
			if err := refused(w.move(w.prefix, "next", 1, 0), "InvalidParameterException"); err != nil {
				return err
			}
			return unmoved(w)
		})},
		{rule: "a swap that is repeated after it was done is InvalidParameterException", check: staged(func(w *world) error {
			if err := w.move(w.prefix, "AWSCURRENT", 2, 1); err != nil {
				return err
			}
			return refused(w.move(w.prefix, "AWSCURRENT", 2, 1), "InvalidParameterException")
		})},
		{rule: "a label that is on no version is attached", check: staged(func(w *world) error {
			if err := w.move(w.prefix, "new", 1, 0); err != nil {
				return err
			}
			return same("versions", w.labels(w.prefix), "1:AWSCURRENT,new 2:next")
		})},
		{rule: "a custom label is removed from the version named, and no other label is touched", check: staged(func(w *world) error {
			if err := w.put(w.prefix, 3, "c"); err != nil {
				return err
			}
			if err := w.move(w.prefix, "next", 0, 2); err != nil {
				return err
			}
			return same("versions", w.labels(w.prefix), "1:AWSPREVIOUS 3:AWSCURRENT")
		})},
		{rule: "a label is not taken from a version that does not have it", check: staged(func(w *world) error {
			if err := refused(w.move(w.prefix, "next", 0, 1), "InvalidParameterException"); err != nil {
				return err
			}
			if err := refused(w.move(w.prefix, "new", 0, 1), "InvalidParameterException"); err != nil {
				return err
			}
			return unmoved(w)
		})},
		{rule: "a label that is neither moved nor removed is InvalidParameterException", check: staged(func(w *world) error {
			return refused(w.move(w.prefix, "next", 0, 0), "InvalidParameterException")
		})},
		{rule: "a label has at most 256 characters", check: staged(func(w *world) error {
			if err := w.move(w.prefix, strings.Repeat("l", 256), 1, 0); err != nil {
				return err
			}
			return refused(w.move(w.prefix, strings.Repeat("l", 257), 1, 0), outOfRange...)
		})},
		{rule: "AWSCURRENT cannot be removed", check: staged(func(w *world) error {
			if err := refused(w.move(w.prefix, "AWSCURRENT", 0, 1), "InvalidParameterException"); err != nil {
				return err
			}
			return unmoved(w)
		})},
		{rule: "a label does not move to a version that is not there", check: staged(func(w *world) error {
			if err := refused(w.move(w.prefix, "AWSCURRENT", 9, 1), "ResourceNotFoundException", "InvalidParameterException"); err != nil {
				return err
			}
			return unmoved(w)
		})},
		{rule: "a request has at most 20 labels", check: staged(func(w *world) error {
			labels := make([]string, 21)
			for i := range labels {
				labels[i] = fmt.Sprint("l", i)
			}
			return refused(w.put(w.prefix, 3, "c", labels...), append(outOfRange, "LimitExceededException")...)
		})},
		{rule: "a secret has at most 20 labels across its versions", check: staged(func(w *world) error {
			for i := range 18 {
				if err := w.move(w.prefix, fmt.Sprint("l", i), 1, 0); err != nil {
					return fmt.Errorf("label %d: %w", i+3, err)
				}
			}
			return refused(w.move(w.prefix, "l18", 2, 0), "LimitExceededException")
		})},
	}
}
