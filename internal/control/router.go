package control

import (
	"context"
	"io"
	"time"

	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/enrol"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/store"
)

// A Router is the running daemon as the commands see it. Its methods may be
// called from any goroutine.
type Router interface {
	// Notice stands above every show text; "" for none. It says that there is
	// no data plane.
	Notice() string
	Config() *policy.Config
	PKI() *pki.Snapshot
	// Store is the directory that the daemon reads.
	Store() string
	// Change runs f on the store, alone, and then adopts what the store holds.
	Change(ctx context.Context, f func(*store.Store) error) error
	// Enrolment enrols trustpoints over the network.
	Enrolment() *enrol.Work
	// Compare says what a configuration would change, and Replace makes it the running
	// one, for a time if revert is not 0. nil is the startup-config, which the daemon
	// reads. Remarks on the text go to a writer; an error says all that is wrong with it.
	Compare(source *policy.Source, remarks io.Writer) (policy.Difference, error)
	Replace(ctx context.Context, source *policy.Source, revert time.Duration, remarks io.Writer) (policy.Difference, error)
	View(ctx context.Context) (engine.View, error)
	// Counters asks the data plane. SAs that it does not know are left out.
	Counters(ctx context.Context, ids []ipsec.SAID) (map[ipsec.SAID]ipsec.Counters, error)
	Command(ctx context.Context, cmd ike.Command) error
	Subscribe() Subscription
}

// A Subscription hands over what the engine reports, as far as its bounded
// queue has room.
type Subscription interface {
	// Reports is closed when nothing more will come.
	Reports() <-chan ike.Report
	// Lost is how many reports had no room since the last call.
	Lost() uint64
	Close()
}
