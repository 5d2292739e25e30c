package template_test

import (
	"encoding/json"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"example.com/tokenkeeper/e2e/internal/cloudformation"
	"example.com/tokenkeeper/internal/awstest"
)

const (
	keyARN        = "arn:aws:kms:eu-north-1:123456789012:key/11111111-2222-3333-4444-555555555555"
	reportsKeyARN = "arn:aws:kms:eu-north-1:123456789012:key/66666666-2222-3333-4444-555555555555"
)

// stores are the choices that change what the role may do.
var stores = map[string]map[string]string{
	"by default":                                      {},
	"under a key of one's own":                        {"KmsKeyArn": keyARN, "ReportsKeyArn": reportsKeyARN},
	"credentials in Secrets Manager":                  {"CredentialStore": "secretsmanager"},
	"credentials in Secrets Manager and a key of own": {"CredentialStore": "secretsmanager", "KmsKeyArn": keyARN},
}

// TestRoleIsUsed runs every test of the function that has a world, faults and races and deaths
// included, under the role: none meets a refusal that it did not make, and nothing that the role
// allows was needed by none. Without a key of one's own the function calls the same, and no KMS: the
// calls that were recorded are held against that role.
func TestRoleIsUsed(t *testing.T) {
	dir := t.TempDir()
	type deployment struct {
		Environment map[string]string
		Role        []json.RawMessage
		Accesses    string
	}
	withKey := func(parameters map[string]string) bool { return parameters["KmsKeyArn"] != "" }
	var all []deployment
	roles, used := map[string][][]byte{}, map[string][]awstest.Access{}
	for _, name := range slices.Sorted(maps.Keys(stores)) {
		// prod is the stack of those tests.
		resources := resolveAs(t, "prod", stores[name])
		roles[name] = documents(t, resources["RefresherRole"])
		d := deployment{Environment: environment(t, resources), Accesses: filepath.Join(dir, name)}
		for _, document := range roles[name] {
			d.Role = append(d.Role, document)
		}
		if withKey(stores[name]) {
			all = append(all, d)
		}
	}
	for i, first := range all {
		// A test that chooses another store finds its role behind the first.
		order := slices.Concat([]deployment{first}, all[:i], all[i+1:])
		file := filepath.Join(dir, "deployments.json")
		if err := os.WriteFile(file, jsonOf(t, order), 0o600); err != nil {
			t.Fatal(err)
		}
		// The bootstrap that is killed has an account of its own, which asks for no role.
		suite := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-skip=^TestTheBootstrapIsKilled$", "./cmd/refresher")
		suite.Dir = root
		suite.Env = append(os.Environ(), "TOKENKEEPER_DEPLOYMENTS="+file)
		if out, err := suite.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", filepath.Base(first.Accesses), err, out)
		}
	}
	for name, parameters := range stores {
		for other, its := range stores {
			if withKey(its) && its["CredentialStore"] == parameters["CredentialStore"] {
				used[name] = accesses(t, filepath.Join(dir, other))
			}
		}
		t.Run(name, func(t *testing.T) {
			if !withKey(parameters) {
				used[name] = slices.DeleteFunc(used[name], func(a awstest.Access) bool { return strings.HasPrefix(a.Action, "kms:") })
				for role, i := policy(t, roles[name]...), 0; i < len(used[name]); i++ {
					if a := used[name][i]; !role.Allows(a) {
						t.Fatalf("the role lacks %s on %s, with %v", a.Action, a.Resource, a.Keys)
					}
				}
			}
			t.Logf("%d permissions were needed", len(used[name]))
			for _, g := range grantsOf(t, roles[name]) {
				switch reason := g.elsewhere(); {
				case !g.used(used[name]) && reason == "":
					t.Errorf("%s allows %s on %s, and it was not used", g.sid, g.action, g.resource)
				case g.used(used[name]) && reason != "":
					t.Errorf("%s allows %s on %s, which is said to be %s, and it was used here", g.sid, g.action, g.resource, reason)
				}
			}
		})
	}
}

// accesses are those that a file has, one a line.
func accesses(t *testing.T, name string) []awstest.Access {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var all []awstest.Access
	for d := json.NewDecoder(file); ; {
		var a awstest.Access
		switch err := d.Decode(&a); {
		case err == io.EOF:
			return all
		case err != nil:
			t.Fatal(err)
		}
		all = append(all, a)
	}
}

// A grant is one action on one resource that a statement allows.
type grant struct {
	sid, action, resource string
	denies                bool // it is one that is taken away
	alone                 *awstest.Policy
}

func (g grant) used(accesses []awstest.Access) bool {
	for _, a := range accesses {
		if g.alone.Allows(a) {
			return true
		}
	}
	return false
}

// elsewhere says what a grant is for that the calls to the fake cannot show; empty: it
// must be seen there.
func (g grant) elsewhere() string {
	if g.sid == "EncryptFailures" {
		return "used by Lambda itself (TestAWSItself)"
	}
	for _, service := range []string{"logs:", "sqs:", "ec2:", "events:"} {
		if strings.HasPrefix(g.action, service) {
			return "used by Lambda itself (TestAWSItself)"
		}
	}
	return ""
}

// grantsOf takes policy documents apart.
func grantsOf(t *testing.T, documents [][]byte) []grant {
	t.Helper()
	var grants []grant
	for _, document := range documents {
		var d struct{ Statement []map[string]any }
		if err := json.Unmarshal(document, &d); err != nil {
			t.Fatal(err)
		}
		for _, s := range d.Statement {
			sid, _ := s["Sid"].(string)
			for _, action := range list(s["Action"]) {
				for _, resource := range list(s["Resource"]) {
					one := map[string]any{"Effect": s["Effect"], "Action": action, "Resource": resource}
					if s["Condition"] != nil {
						one["Condition"] = s["Condition"]
					}
					alone := policy(t, jsonOf(t, map[string]any{"Version": "2012-10-17", "Statement": []any{one}}))
					grants = append(grants, grant{sid, action, resource, s["Effect"] == "Deny", alone})
				}
			}
		}
	}
	return grants
}

// The ids of the two versions that secrets have in TestDenied.
const (
	older = "00000000-0000-0000-0000-000000000001"
	newer = "00000000-0000-0000-0000-000000000002"
)

// TestDenied tries what must not be possible, each beside something like it that is.
func TestDenied(t *testing.T) {
	w := awstest.New(t, awstest.Options{NoQuotas: true})
	for name, owner := range map[string]string{
		"tokenkeeper/tokens/meitner": stack, "tokenkeeper/tokens/educloud": "another", "elsewhere/tokens/meitner": stack,
		"tokenkeeper/tokens/meitner-prod": stack, "tokenkeeper/private/meitner": stack, "tokenkeeper/private/educloud": "another",
		"tokenkeeper/credentials/meitner": "",
	} {
		tags := map[string]string{}
		if owner != "" {
			tags["tokenkeeper:owner"] = owner
		}
		w.SetSecret(awstest.Secret{Name: name, Tags: tags, Versions: []awstest.Version{
			{ID: older, Value: "{}", Labels: []string{"AWSPREVIOUS"}}, {ID: newer, Value: "{}", Labels: []string{"AWSCURRENT"}}}})
	}
	w.SetParameter(awstest.Parameter{Name: "/elsewhere/credentials/meitner", Value: "{}", Type: "SecureString"})
	for _, place := range []string{"providers", "approved/meitner", "credentials"} {
		kind := "String"
		if place == "credentials" {
			kind = "SecureString"
		}
		w.SetParameter(awstest.Parameter{Name: "/tokenkeeper/" + place + "/meitner", Value: "{}", Type: kind})
	}
	secrets, parameters := secretsmanager.NewFromConfig(w.Config()), ssm.NewFromConfig(w.Config())

	read := func(name string) func() error {
		return func() error {
			_, err := secrets.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String(name)})
			return err
		}
	}
	put := func(name string) func() error {
		return func() error {
			_, err := secrets.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: aws.String(name), SecretString: aws.String("{}")})
			return err
		}
	}
	create := func(name, owner string, more ...smtypes.Tag) func() error {
		return func() error {
			_, err := secrets.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String(name),
				Tags: append(more, smtypes.Tag{Key: aws.String("tokenkeeper:owner"), Value: aws.String(owner)})})
			return err
		}
	}
	second := smtypes.Tag{Key: aws.String("cost-centre"), Value: aws.String("1")}
	label := func(name, label string) func() error {
		return func() error {
			in := &secretsmanager.UpdateSecretVersionStageInput{SecretId: aws.String(name), VersionStage: aws.String(label), MoveToVersionId: aws.String(older)}
			if label == "AWSCURRENT" {
				in.RemoveFromVersionId = aws.String(newer)
			}
			_, err := secrets.UpdateSecretVersionStage(t.Context(), in)
			return err
		}
	}
	tag := func(name, key string) func() error {
		return func() error {
			_, err := secrets.TagResource(t.Context(), &secretsmanager.TagResourceInput{SecretId: aws.String(name),
				Tags: []smtypes.Tag{{Key: aws.String(key), Value: aws.String("v1")}}})
			return err
		}
	}
	describe := func(name string) func() error {
		return func() error {
			_, err := secrets.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String(name)})
			return err
		}
	}
	under := func(path string) func() error {
		return func() error {
			_, err := parameters.GetParametersByPath(t.Context(), &ssm.GetParametersByPathInput{Path: aws.String(path), Recursive: aws.Bool(true)})
			return err
		}
	}
	parameter := func(name string) func() error {
		return func() error {
			_, err := parameters.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String(name), WithDecryption: aws.Bool(true)})
			return err
		}
	}

	putParameter := func(name string) func() error {
		return func() error {
			_, err := parameters.PutParameter(t.Context(), &ssm.PutParameterInput{Name: aws.String(name), Value: aws.String("{}"), Type: "String", Overwrite: aws.Bool(true)})
			return err
		}
	}

	resources := resolve(t, map[string]string{"ConsumerPolicyForAll": "true"})
	refresher := policy(t, documents(t, resources["RefresherRole"])...)
	forAll := policy(t, documents(t, resources["ConsumerForAllPolicy"])...)
	// A role whose tag tokenkeeper-provider is meitner.
	consumer := policy(t, bound(documents(t, resources["ConsumerPolicy"]), "${aws:PrincipalTag/tokenkeeper-provider}", "meitner")...)
	editor := policy(t, documents(t, resources["ConfigEditorPolicy"])...)
	oneEditor := policy(t, bound(documents(t, resources["ProviderEditorPolicy"]), "${aws:PrincipalTag/tokenkeeper-provider}", "meitner")...)
	owner := policy(t, documents(t, resources["CredentialOwnerPolicy"])...)

	for _, row := range []struct {
		who     *awstest.Policy
		what    string
		try     func() error
		allowed bool
	}{
		{refresher, "the refresher writes a record", put("tokenkeeper/tokens/meitner"), true},
		{refresher, "the refresher reads a record", read("tokenkeeper/tokens/meitner"), false},
		{refresher, "the refresher writes outside the name space", put("elsewhere/tokens/meitner"), false},
		{refresher, "the refresher writes another stack's record", put("tokenkeeper/tokens/educloud"), false},
		{refresher, "the refresher writes a credential", put("tokenkeeper/credentials/meitner"), false},
		{refresher, "the refresher creates a record of its own", create("tokenkeeper/tokens/meti", stack), true},
		{refresher, "the refresher creates a record in another's name", create("tokenkeeper/tokens/meti-login", "another"), false},
		{refresher, "the refresher creates a secret elsewhere", create("elsewhere/tokens/meti", stack), false},
		{refresher, "the refresher notes a state", tag("tokenkeeper/tokens/meitner", "tokenkeeper:state"), true},
		{refresher, "the refresher pauses a provider", tag("tokenkeeper/tokens/meitner", "tokenkeeper:paused"), false},
		{refresher, "the refresher sets a tag that is not ours", tag("tokenkeeper/tokens/meitner", "cost-centre"), false},
		{refresher, "the refresher takes over another stack's record", tag("tokenkeeper/tokens/educloud", "tokenkeeper:owner"), false},
		{refresher, "the refresher creates a record with a second tag", create("tokenkeeper/tokens/kajaani", stack, second), false},
		{refresher, "the refresher moves another label", label("tokenkeeper/tokens/meitner-prod", "held"), false},
		{refresher, "the refresher moves the label of another stack's record", label("tokenkeeper/tokens/educloud", "AWSCURRENT"), false},
		{refresher, "the refresher moves the current label", label("tokenkeeper/tokens/meitner-prod", "AWSCURRENT"), true},
		{refresher, "the refresher reads its refresh token", read("tokenkeeper/private/meitner"), true},
		{refresher, "the refresher reads another stack's refresh token", read("tokenkeeper/private/educloud"), false},
		{refresher, "the refresher writes another stack's refresh token", put("tokenkeeper/private/educloud"), false},
		{refresher, "the refresher reads a parameter outside the name space", parameter("/elsewhere/credentials/meitner"), false},
		{refresher, "the refresher reads a config by its name", parameter("/tokenkeeper/providers/meitner"), true},
		{refresher, "the refresher reads an approved copy", parameter("/tokenkeeper/approved/meitner/meitner"), true},
		{refresher, "the refresher reads a credential", parameter("/tokenkeeper/credentials/meitner"), true},
		{refresher, "the refresher reads a credential of the other store", read("tokenkeeper/credentials/meitner"), false},
		{refresher, "the refresher lists configs", under("/tokenkeeper/providers"), true},
		{refresher, "the refresher lists credentials", under("/tokenkeeper/credentials"), false},
		{refresher, "the refresher lists the whole name space", under("/tokenkeeper"), false},
		{refresher, "the refresher lists outside the name space", under("/elsewhere"), false},
		{refresher, "the refresher describes another stack's record", describe("tokenkeeper/tokens/educloud"), true},
		{refresher, "the refresher describes outside the name space", describe("elsewhere/tokens/meitner"), false},
		{refresher, "the refresher describes a credential of the other store", describe("tokenkeeper/credentials/meitner"), false},
		{forAll, "a consumer of all reads a record", read("tokenkeeper/tokens/educloud"), true},
		{forAll, "a consumer of all reads a credential", parameter("/tokenkeeper/credentials/meitner"), false},
		{forAll, "a consumer of all reads a credential in Secrets Manager", read("tokenkeeper/credentials/meitner"), false},
		{forAll, "a consumer of all writes a record", put("tokenkeeper/tokens/meitner"), false},
		{consumer, "a consumer reads its record", read("tokenkeeper/tokens/meitner"), true},
		{consumer, "a consumer reads one whose name goes on", read("tokenkeeper/tokens/meitner-prod"), false},
		{consumer, "a consumer reads the refresh token", read("tokenkeeper/private/meitner"), false},
		{consumer, "a consumer reads another's", read("tokenkeeper/tokens/educloud"), false},
		{consumer, "a consumer reads a credential", read("tokenkeeper/credentials/meitner"), false},
		{editor, "a config editor reads a config", parameter("/tokenkeeper/providers/meitner"), true},
		{editor, "a config editor edits a config", putParameter("/tokenkeeper/providers/kajaani"), true},
		{editor, "a config editor approves one", putParameter("/tokenkeeper/approved/meitner/meitner"), false},
		{editor, "a config editor looks at what is approved", under("/tokenkeeper/approved"), true},
		{oneEditor, "the editor of one config edits it", putParameter("/tokenkeeper/providers/meitner"), true},
		{oneEditor, "the editor of one config reads it", parameter("/tokenkeeper/providers/meitner"), true},
		{oneEditor, "the editor of one config edits one whose name goes on", putParameter("/tokenkeeper/providers/meitner-prod"), false},
		{oneEditor, "the editor of one config edits another", putParameter("/tokenkeeper/providers/educloud"), false},
		{oneEditor, "the editor of one config edits below it", putParameter("/tokenkeeper/providers/meitner/x"), false},
		{oneEditor, "the editor of one config approves it", putParameter("/tokenkeeper/approved/meitner/meitner"), false},
		{oneEditor, "the editor of one config lists all", under("/tokenkeeper/providers"), false},
		{oneEditor, "the editor of one config reads the credential", parameter("/tokenkeeper/credentials/meitner"), false},
		{oneEditor, "the editor of one config reads the record", read("tokenkeeper/tokens/meitner"), false},
		{oneEditor, "the editor of one config pauses it", tag("tokenkeeper/tokens/meitner", "tokenkeeper:paused"), false},
		{owner, "a credential owner approves a config", putParameter("/tokenkeeper/approved/meitner/meitner"), true},
		{owner, "a credential owner proposes one", putParameter("/tokenkeeper/providers/meitner"), false},
		{refresher, "the refresher lists what is approved", under("/tokenkeeper/approved"), true},
		{refresher, "the refresher approves a config", putParameter("/tokenkeeper/approved/meitner/meitner"), false},
		{refresher, "the refresher edits a config", putParameter("/tokenkeeper/providers/meitner"), false},
		{consumer, "a consumer approves a config", putParameter("/tokenkeeper/approved/meitner/meitner"), false},
		{editor, "a config editor lists the whole name space", under("/tokenkeeper"), false},
		{editor, "a config editor describes a refresh token", describe("tokenkeeper/private/meitner"), false},
		{editor, "a config editor reads a credential", parameter("/tokenkeeper/credentials/meitner"), false},
		{editor, "a config editor reads a record", read("tokenkeeper/tokens/meitner"), false},
		{editor, "a config editor pauses", tag("tokenkeeper/tokens/meitner", "tokenkeeper:paused"), true},
		{editor, "a config editor pauses another stack's", tag("tokenkeeper/tokens/educloud", "tokenkeeper:paused"), false},
		{owner, "a credential owner lists credentials", under("/tokenkeeper/credentials"), false},
		{owner, "a credential owner describes outside the name space", describe("elsewhere/tokens/meitner"), false},
		{owner, "a credential owner reads a credential", parameter("/tokenkeeper/credentials/meitner"), false},
		{owner, "a credential owner creates a refresh token", create("tokenkeeper/private/meti", stack), true},
		{owner, "a credential owner creates a refresh token with a second tag", create("tokenkeeper/private/kajaani", stack, second), false},
		{owner, "a credential owner replaces a refresh token", put("tokenkeeper/private/meitner"), true},
		{owner, "a credential owner replaces another stack's", put("tokenkeeper/private/educloud"), false},
		{owner, "a credential owner reads a refresh token", read("tokenkeeper/private/meitner"), false},
		{owner, "a credential owner reads a config by its name", parameter("/tokenkeeper/providers/meitner"), false},
		{owner, "a credential owner reads a record", read("tokenkeeper/tokens/meitner"), false},
	} {
		w.Authorize(row.who.Allows)
		err := row.try()
		if row.allowed && err != nil {
			t.Errorf("%s: %v", row.what, err)
		} else if !row.allowed && !isDenied(err) {
			t.Errorf("%s: not denied (%v)", row.what, err)
		}
	}
}

// documents are the policies of a role, or the one of a managed policy.
func documents(t *testing.T, r cloudformation.Resource) [][]byte {
	t.Helper()
	if document, ok := r.Properties["PolicyDocument"]; ok {
		return [][]byte{jsonOf(t, document)}
	}
	var documents [][]byte
	policies, _ := r.Properties["Policies"].([]any)
	for _, p := range policies {
		documents = append(documents, jsonOf(t, p.(map[string]any)["PolicyDocument"]))
	}
	if len(documents) == 0 {
		t.Fatalf("a resource of type %q has no policies", r.Type)
	}
	return documents
}

// bound returns documents with a policy variable replaced, as IAM does for a principal.
func bound(documents [][]byte, variable, value string) [][]byte {
	for i, d := range documents {
		documents[i] = []byte(strings.ReplaceAll(string(d), variable, value))
	}
	return documents
}

func policy(t *testing.T, documents ...[]byte) *awstest.Policy {
	t.Helper()
	p, err := awstest.ParsePolicy(documents...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func list(v any) []string {
	if one, ok := v.(string); ok {
		return []string{one}
	}
	var texts []string
	for _, item := range v.([]any) {
		texts = append(texts, item.(string))
	}
	return texts
}

func jsonOf(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// isDenied knows what the SDK has no type for.
func isDenied(err error) bool {
	return err != nil && strings.Contains(err.Error(), "AccessDeniedException")
}
