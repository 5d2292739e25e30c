package template_test

import (
	"archive/zip"
	"debug/elf"
	"io"
	"os"
	"testing"

	"example.com/tokenkeeper/e2e/internal/function"
)

// What starts fast is small: Lambda loads the archive before a cold start.
const (
	maxBootstrap = 12 << 20
	maxArchive   = 4800 << 10 // of the 12 MiB, as they compress: private networks and approvals took 130 KiB
)

// TestBootstrap builds what sam build does for each architecture that the template knows.
func TestBootstrap(t *testing.T) {
	for architecture, machine := range map[string]elf.Machine{"arm64": elf.EM_AARCH64, "x86_64": elf.EM_X86_64} {
		t.Run(architecture, func(t *testing.T) {
			f := resolve(t, map[string]string{"Architecture": architecture})["RefresherFunction"]
			if got := list(f.Properties["Architectures"]); len(got) != 1 || got[0] != architecture {
				t.Fatalf("the function is for %v", got)
			}
			// By the Makefile that the template's ContextPath leads to.
			bootstrap := function.BuildFor(t, root, architecture)
			binary, err := elf.Open(bootstrap)
			if err != nil {
				t.Fatal(err)
			}
			defer binary.Close()
			if binary.Machine != machine {
				t.Errorf("the bootstrap is for %v, want %v", binary.Machine, machine)
			}
			if binary.Section(".symtab") != nil || binary.Section(".debug_info") != nil {
				t.Error("the bootstrap is not stripped")
			}
			if libraries, _ := binary.ImportedLibraries(); len(libraries) > 0 {
				t.Errorf("the bootstrap needs libraries: %v", libraries)
			}
			info, err := os.Stat(bootstrap)
			if err != nil {
				t.Fatal(err)
			}
			zipped := archived(t, bootstrap)
			t.Logf("%.1f MiB, %.1f MiB in the archive", float64(info.Size())/(1<<20), float64(zipped)/(1<<20))
			if info.Size() > maxBootstrap {
				t.Errorf("the bootstrap has %d bytes, more than %d", info.Size(), maxBootstrap)
			}
			if zipped > maxArchive {
				t.Errorf("the archive has %d bytes, more than %d", zipped, maxArchive)
			}
		})
	}
}

// archived is the size of a file in a ZIP archive, as sam deploy uploads it.
func archived(t *testing.T, name string) int64 {
	t.Helper()
	in, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var size counter
	archive := zip.NewWriter(&size)
	out, err := archive.Create("bootstrap")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return int64(size)
}

// A counter counts what is written.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
