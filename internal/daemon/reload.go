package daemon

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/policy"
)

// The file of -c is the startup-config: a start, and a signal, read it. What configure
// replace brings is the running-config alone, as on IOS, and gone with the daemon.

func startup(path string) (policy.Source, error) {
	text, err := os.ReadFile(path)
	return policy.Source{Name: path, Text: text}, err
}

// Compare says what a configuration would change; nil is the startup-config.
func (d *Daemon) Compare(source *policy.Source, remarks io.Writer) (policy.Difference, error) {
	cfg, _, err := d.compile(source, remarks)
	if err != nil {
		return policy.Difference{}, err
	}
	return policy.Compare(d.Config(), cfg), nil
}

// Replace makes a configuration the running one; nil is the startup-config. Without a
// confirmation in the time of revert the one of before comes back; 0: it stays. With an
// error nothing has changed.
func (d *Daemon) Replace(ctx context.Context, source *policy.Source, revert time.Duration, remarks io.Writer) (policy.Difference, error) {
	cfg, paths, err := d.compile(source, remarks)
	if err != nil {
		return policy.Difference{}, err
	}
	d.changing.Lock()
	defer d.changing.Unlock()
	changes := policy.Compare(d.Config(), cfg)
	snapshot, unused, err := load(d.store, cfg)
	if err != nil {
		return changes, err
	}
	for _, r := range unused {
		io.WriteString(remarks, r+"\n")
	}
	if err := d.sockets.Open(cfg.FrontDoors()); err != nil {
		return changes, err
	}
	before := d.paths.Swap(&paths)
	if err := d.adopt(ctx, ike.Adopt{Config: cfg, PKI: snapshot, Revert: revert}); err != nil {
		d.paths.Store(before)
		return changes, err
	}
	d.log.Info("configuration replaced", zap.String("file", cfg.File()), zap.Stringer("changes", changes))
	return changes, d.kernel.flush(ctx)
}

// compile makes a configuration for this host and its data plane. The error holds every
// fault of the text.
func (d *Daemon) compile(source *policy.Source, remarks io.Writer) (*policy.Config, paths, error) {
	if source == nil {
		own, err := startup(d.options.Config)
		if err != nil {
			return nil, nil, err
		}
		source = &own
	}
	cfg, errs := policy.Compile(*source)
	if len(errs) > 0 {
		return nil, nil, errs
	}
	Remarks(remarks, cfg)
	found, err := findDevices(cfg, remarks)
	if err != nil {
		return nil, nil, err
	}
	_, err = choose(d.options.Plane, cfg, remarks)
	return cfg, found, err
}

// adopt has the engine go over to a new configuration, with a new state of the store
// where that could be read. One at a time: changing is held.
func (d *Daemon) adopt(ctx context.Context, cmd ike.Adopt) error {
	if cmd.PKI != nil {
		cmd.PKI = cmd.PKI.After(d.snapshot.Load())
	}
	if err := d.Command(ctx, cmd); err != nil {
		return err
	}
	if cmd.Config != nil {
		d.config.Store(cmd.Config)
	}
	if cmd.PKI != nil {
		d.snapshot.Store(cmd.PKI)
	}
	d.wakeEnrolment()
	return nil
}

// reinstate brings back the configuration of before. It holds even where the store
// cannot be read: then with the certificates of now.
func (d *Daemon) reinstate(cfg *policy.Config) {
	d.changing.Lock()
	defer d.changing.Unlock()
	snapshot, _, err := load(d.store, cfg)
	if err == nil {
		err = d.adopt(context.Background(), ike.Adopt{Config: cfg, PKI: snapshot})
	} else {
		err = errors.Join(err, d.adopt(context.Background(), ike.Adopt{Config: cfg}))
	}
	if err != nil {
		d.log.Error("rollback", zap.Error(err))
	}
}

// reload reads the startup-config again, as a signal wants it. What is wrong with it is
// logged, each fault with its place, and the running-config stays.
func (d *Daemon) reload(ctx context.Context) {
	var remarks bytes.Buffer
	_, err := d.Replace(ctx, nil, 0, &remarks)
	for line := range strings.Lines(remarks.String()) {
		d.log.Warn(strings.TrimSuffix(line, "\n"))
	}
	if err == nil {
		return
	}
	if faults, ok := errors.AsType[ios.Errors](err); ok {
		for _, f := range faults {
			line, _, _ := strings.Cut(f.Error(), "\n")
			d.log.Error(line)
		}
	} else {
		d.log.Error(err.Error())
	}
	d.log.Error("the configuration is not replaced", zap.String("file", d.options.Config))
}

// followReloads reloads for each signal, until ctx ends.
func (d *Daemon) followReloads(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.options.Reload:
			d.reload(ctx)
		}
	}
}
