package routers

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// Build makes both programs of the module at root, in a directory of their own.
func Build(root string) (bin string, err error) {
	if bin, err = os.MkdirTemp("", "obol-bin"); err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-o", bin, root+"/cmd/...")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", errors.Join(fmt.Errorf("%s%w", out, err), os.RemoveAll(bin))
	}
	return bin, nil
}
