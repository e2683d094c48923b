package show

import (
	"bytes"
	"fmt"
	"io"

	"github.com/obol-ike/obol/internal/policy"
)

// RunningConfig writes the text of the running configuration as it was read, keys and
// comments with it.
func RunningConfig(w io.Writer, c *policy.Config) error {
	var text bytes.Buffer
	for _, s := range c.Sources {
		text.Write(s.Text)
	}
	if !bytes.HasSuffix(text.Bytes(), []byte("\n")) {
		text.WriteByte('\n')
	}
	_, err := fmt.Fprintf(w, "Building configuration...\n\nCurrent configuration : %d bytes\n%s", text.Len(), text.Bytes())
	return err
}
