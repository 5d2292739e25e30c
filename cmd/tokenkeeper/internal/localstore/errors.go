package localstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"example.com/tokenkeeper/internal/refresh"
)

// What can be wrong with a file that is to be read.
var (
	errFolder  = remedied{errors.New("it is a folder"), "a config is one file NAME.json; move it up, or the folder away"}
	errNotJSON = remedied{errors.New("it does not end in .json"), "a config is a file NAME.json in JSON; rewrite it as one, or move it away"}
	errNoCopy  = remedied{errors.New("it is not an approved copy"),
		"a copy is approved/CREDENTIAL/PROVIDER.json; 'tokenkeeper approve PROVIDER' writes it; move this away"}
	errNotFile  = remedied{errors.New("it is not a file"), "move it away"}
	errTooLarge = remedied{fmt.Errorf("it has more than %d bytes", maxFile), "move it away"}
)

// A remedied error says what to do about it.
type remedied struct {
	error
	remedy string
}

// checkPrivate refuses a credential that is not its owner's alone.
func (d *Dir) checkPrivate(fi fs.FileInfo, where string) error {
	if uid, ok := owner(fi); ok && uid != d.uid {
		return remedied{
			fmt.Errorf("it belongs to the user with id %d, and this runs as %d", uid, d.uid),
			fmt.Sprintf("run as that user, or: chown %d %s", d.uid, ShellWord(where)),
		}
	}
	if permissions(fi)&0o077 != 0 {
		return remedied{
			fmt.Errorf("others can read it (mode %04o), so it is not used", permissions(fi)),
			"run: chmod 600 " + ShellWord(where),
		}
	}
	return nil
}

// problem says what is wrong with a document that cannot be read.
func (d *Dir) problem(where string, err error) refresh.Problem {
	p := refresh.Problem{Where: where, Detail: err.Error()}
	var path *fs.PathError
	if errors.As(err, &path) {
		p.Detail = path.Err.Error() // the path is there already
	}
	var r remedied
	switch {
	case errors.As(err, &r):
		p.Remedy = r.remedy
	case errors.Is(err, fs.ErrPermission):
		p.Remedy = "let the user that runs this read it"
	default:
		if fi, err := os.Lstat(where); err == nil && fi.Mode()&fs.ModeSymlink != 0 {
			p.Remedy = "it is a symbolic link, which must be relative and lead to a file in the same folder; put the file itself there"
		}
	}
	return p
}

// badCredential says the same of a credential: for a person, where one can help.
func (d *Dir) badCredential(where string, err error) error {
	p := d.problem(where, err)
	if p.Remedy == "" {
		return fmt.Errorf("%s: %w", where, err)
	}
	return &refresh.Error{Class: refresh.Misconfigured, Code: refresh.CodeBadCredential,
		Detail: where + ": " + p.Detail, Remedy: p.Remedy, Err: err}
}

// explain says what a person must do about a write that failed, unless err says so already. It
// returns nil for nil.
func (d *Dir) explain(doing string, err error) error {
	if err == nil {
		return nil
	}
	if _, explained := errors.AsType[*refresh.Error](err); explained {
		return err // a probe's: nothing is wrong here
	}
	e := &refresh.Error{Code: refresh.CodeStoreFailed, Detail: fmt.Sprintf("%s: %v", doing, err), Err: err}
	where := d.path(tokens)
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		e.Class = refresh.Transient
		e.Remedy = "make room on the disk of " + where + "; the tokens that are there stay until they end"
	case errors.Is(err, syscall.EROFS):
		e.Class = refresh.Misconfigured
		e.Remedy = "mount the file system of " + where + " writable; the tokens that are there stay until they end"
	case errors.Is(err, fs.ErrPermission):
		e.Class = refresh.Misconfigured
		e.Remedy = "let the user that runs this read and write " + where
	default:
		return fmt.Errorf("%s: %w", doing, err)
	}
	return e
}

// ShellWord writes s so that a shell reads it as one word. An equals sign is quoted: zsh
// takes a word that begins with one for the name of a program.
func ShellWord(s string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@%,"
	if s != "" && strings.Trim(s, plain) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
