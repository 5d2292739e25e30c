package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/localstore"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
	"example.com/tokenkeeper/internal/secret"
)

// maxInput is the size of the largest document, in bytes: what Secrets Manager stores.
const maxInput = 65536

// readSecret reads what must not be seen: from a file that is for its owner alone, from a
// terminal without echo, a line of it, or from what is piped in. Arguments can be seen by
// every user of the machine, so there is no flag for it.
func (c *cli) readSecret(file, prompt string) (secret.Text, error) {
	return c.readHidden(file, prompt, terminal.Line)
}

// readObject reads a JSON object like that: at a terminal to its closing brace.
func (c *cli) readObject(file, prompt string) (secret.Text, error) {
	return c.readHidden(file, prompt, terminal.Object)
}

func (c *cli) readHidden(file, prompt string, end func([]byte) (int, error)) (secret.Text, error) {
	if file != "" && file != "-" {
		return readPrivateFile(file)
	}
	if terminal.Is(c.stdin) {
		terminal.New(c.stderr, c.getenv).Paragraph("", prompt)
		data, err := terminal.ReadHidden(c.stdin.(*os.File), end)
		if err != nil {
			return secret.Text{}, misuse(err)
		}
		return secret.New(string(data)), nil
	}
	return read("the standard input", c.stdin)
}

// askMFA returns what asks for the code of an MFA device; nil: there is no terminal.
func (c *cli) askMFA() func() (string, error) {
	if !terminal.Is(c.stdin) {
		return nil
	}
	return func() (string, error) {
		fmt.Fprint(c.stderr, "MFA code: ")
		var code string
		_, err := fmt.Fscanln(c.stdin, &code)
		return code, err
	}
}

// readFile reads a file that holds no secret.
func readFile(file string) (secret.Text, error) {
	f, err := openFile(file)
	if err != nil {
		return secret.Text{}, err
	}
	defer f.Close()
	return read(file, f)
}

// readPrivateFile reads a file, unless others can read it too.
func readPrivateFile(file string) (secret.Text, error) {
	f, err := openFile(file)
	if err != nil {
		return secret.Text{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return secret.Text{}, err
	}
	if others(info.Mode()) {
		return secret.Text{}, instead(fmt.Errorf("%s can be read by others (mode %04o)", file, info.Mode().Perm()),
			"others may have read it: see that the secret is changed if that matters, and then:", "chmod 600 "+localstore.ShellWord(file))
	}
	return read(file, f)
}

func openFile(file string) (*os.File, error) {
	f, err := os.Open(file) // #nosec G304 -- the person at the command line names it
	if err != nil {
		return nil, misuse(err)
	}
	return f, nil
}

// others reports whether a file's mode lets others than its owner read it. A pipe, such as
// a shell makes of <(command), is private to it.
func others(mode fs.FileMode) bool { return mode.IsRegular() && mode.Perm()&0o077 != 0 }

func read(name string, r io.Reader) (secret.Text, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxInput+1))
	if err != nil {
		return secret.Text{}, fmt.Errorf("reading %s: %w", name, err)
	}
	switch {
	case len(data) > maxInput:
		return secret.Text{}, usagef("%s has more than %d bytes", name, maxInput)
	case len(data) == 0:
		return secret.Text{}, usagef("%s is empty", name)
	}
	return secret.New(string(data)), nil
}
