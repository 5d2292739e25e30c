package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// bundle writes what is deployed without Go, make or Docker: the template with the programs
// beside it, once for sam deploy and once for users of a template and a bucket.
func (r *release) bundle(functions map[string][]byte, legal []file) error {
	template, err := os.ReadFile("template.yaml")
	if err != nil {
		return err
	}
	samconfig, err := os.ReadFile("tools/release/samconfig.toml")
	if err != nil {
		return err
	}
	howTo, err := os.ReadFile("tools/release/DEPLOY.md")
	if err != nil {
		return err
	}
	files := []file{{name: "DEPLOY.md", data: []byte(strings.ReplaceAll(string(howTo), "VERSION", r.version))}, {name: "samconfig.toml", data: samconfig}}
	for _, a := range architectures {
		zip := "function_" + a.lambda + ".zip"
		local, err := released(string(template), r.version, a.lambda, zip)
		if err != nil {
			return err
		}
		name := "template.yaml"
		if a.lambda != "arm64" { // the template's default
			name = "template-" + a.lambda + ".yaml"
		}
		files = append(files, file{name: name, data: []byte(local)}, file{name: zip, data: functions[a.lambda]})
	}
	remote, err := fromBucket(string(template), r.version)
	if err != nil {
		return err
	}
	files = append(files, file{name: "template-from-bucket.yaml", data: []byte(remote)})
	data, err := zipped(append(files, legal...), r.time)
	if err != nil {
		return err
	}
	return r.write(r.named("deploy.zip"), data)
}

var (
	// built are the lines of the template that say how sam build makes the program. They
	// belong to the only function there is.
	built   = regexp.MustCompile(`(?m)^ +(BuildMethod|ContextPath|WorkingDirectory): .*\n|^ +# (The Makefile there sets GOARCH|The sources, in place of CodeUri).*\n`)
	codeURI = regexp.MustCompile(`(?m)^( +)CodeUri: .*\n((?: +#.*\n)*)`)
	// architecture is the parameter's default and what it may be.
	architecture = regexp.MustCompile(`(?m)^(  Architecture:\n    Type: String\n)    Default: .*\n    AllowedValues: .*\n`)
	number       = regexp.MustCompile(`(?m)^(    Version: \{Number: ).*\}\n`)
	parameters   = regexp.MustCompile(`(?m)^Parameters:\n`)
)

// released returns the template with a program that is built already, for the one
// architecture that it was built for.
func released(template, version, arch, zip string) (string, error) {
	return edited(template, version, "CodeUri: "+zip, fmt.Sprintf("    Default: %s\n    AllowedValues: [%[1]s]\n", arch), "")
}

// fromBucket returns the template for CloudFormation, Terraform and the CDK, which take no
// local files: it reads the program from a bucket.
func fromBucket(template, version string) (string, error) {
	return edited(template, version, "CodeUri: {Bucket: !Ref CodeBucket, Key: !Ref CodeKey}", "    Default: arm64\n    AllowedValues: [arm64, x86_64]\n",
		`  CodeBucket:
    Type: String
    Description: Bucket in the stack's own region that has the function's zip.
  CodeKey:
    Type: String
    Description: >-
      Key of the zip in it, function_arm64.zip or function_x86_64.zip of a release, the one for Architecture. Give
      each version a key of its own, or CloudFormation sees no change.
`)
}

// edited replaces the one CodeUri, the Architecture and the version of a template, drops what
// says how to build, and adds parameters. A template in which one of these is not found has changed,
// and must not be released unseen.
func edited(template, version, code, arch, more string) (string, error) {
	for what, re := range map[string]*regexp.Regexp{"CodeUri": codeURI, "parameter Architecture": architecture, "Parameters": parameters, "version": number} {
		if n := len(re.FindAllString(template, -1)); n != 1 {
			return "", fmt.Errorf("template.yaml has %d places that look like its %s, and the release edits one: correct tools/release/bundle.go", n, what)
		}
	}
	template = built.ReplaceAllString(template, "")
	template = number.ReplaceAllString(template, "${1}\""+version+"\"}\n")
	template = codeURI.ReplaceAllString(template, "${1}"+strings.ReplaceAll(code, "$", "$$")+"\n")
	template = architecture.ReplaceAllString(template, "${1}"+arch)
	return parameters.ReplaceAllString(template, "Parameters:\n"+more), nil
}
