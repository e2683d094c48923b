package show

import (
	"io"

	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
)

// IKEv2DiagnoseError is show crypto ikev2 diagnose error: the table of IOS's exit paths,
// without the addresses of its memory. Errors are numbered as they came; the layout is
// as remembered.
func IKEv2DiagnoseError(w io.Writer, x engine.Errors, text func(ike.Event) string) error {
	status := "enable"
	if x.Limit == 0 {
		status = "disable"
	}
	var p printer
	p.f("Exit Path Table - status: %s, current entry %d, deleted %d, max allow %d\n\n", status, len(x.Kept), x.Deleted, x.Limit)
	for i, event := range x.Kept {
		p.f("Error(%d): %s\n", x.Deleted+uint64(i)+1, text(event))
	}
	return p.flush(w)
}
