package daemon

import (
	"context"
	"crypto/rand"
	"time"

	"go.uber.org/zap"

	"github.com/obol-ike/obol/internal/control"
	"github.com/obol-ike/obol/internal/enrol"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/pki"
)

// enrolmentLook is how long the next look at the enrolments is away at most: clocks are
// set, and renewals are years ahead.
const enrolmentLook = 10 * time.Minute

// newEnrolment is what enrols this router's trustpoints.
func (d *Daemon) newEnrolment() *enrol.Work {
	return &enrol.Work{
		Store: d.store, Host: func() pki.Host { return control.Host(d.Config()) }, Rand: rand.Reader, Now: time.Now,
		Change: d.Change,
		Kept:   d.wakeEnrolment,
		Report: func(e pki.Event) { d.hub.publish([]ike.Report{{At: time.Now(), Event: e}}) },
	}
}

// Enrolment enrols trustpoints over the network.
func (d *Daemon) Enrolment() *enrol.Work { return d.enrolment }

// enrol does what auto-enroll and pending requests want, until ctx ends. It shares
// nothing with the shard but what an import does: the new state of the store.
func (d *Daemon) enrol(ctx context.Context) {
	rest := map[string]time.Time{} // of trustpoints whose step has failed
	for ctx.Err() == nil {
		next := time.Now().Add(enrolmentLook)
		for _, tp := range d.PKI().All() {
			at := d.enrolOne(ctx, tp, rest)
			if !at.IsZero() && at.Before(next) {
				next = at
			}
		}
		timer := time.NewTimer(time.Until(next))
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-d.enrolled: // a command has changed something
		}
		timer.Stop()
	}
}

// enrolOne carries out the step of a trustpoint if it is due, and gives when the next
// one is; the zero time is never.
func (d *Daemon) enrolOne(ctx context.Context, tp *pki.Trustpoint, rest map[string]time.Time) time.Time {
	under, err := d.store.Enrolling(tp.Name)
	if err != nil {
		d.log.Error("enrolment", zap.String("trustpoint", tp.Name), zap.Error(err))
		return time.Time{}
	}
	step, at := tp.NextStep(under)
	if step == pki.StepNone {
		return time.Time{}
	}
	if at.Before(rest[tp.Name]) {
		at = rest[tp.Name]
	}
	if at.After(time.Now()) {
		return at
	}
	again := time.Now().Add(pki.DefaultRetryMinutes * time.Minute)
	if err := d.enrolment.Do(ctx, step, tp, under); err != nil && ctx.Err() == nil {
		d.log.Warn("enrolment", zap.String("trustpoint", tp.Name), zap.Stringer("step", step), zap.Error(err))
	}
	rest[tp.Name] = again
	return again
}

// wakeEnrolment has the enrolments looked at now.
func (d *Daemon) wakeEnrolment() {
	select {
	case d.enrolled <- struct{}{}:
	default: // it is about to look
	}
}
