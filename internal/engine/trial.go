package engine

import (
	"errors"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
)

// A trial is a configuration that has to be confirmed in time: IOS's Rollback
// Confirmed Change.
type trial struct {
	before *policy.Config // that comes back
	until  time.Time
	warned bool
}

// trialWarning is how long before the end of a trial IOS warns.
const trialWarning = time.Minute

// Refusals of commands about a trial.
var (
	ErrNoTrial = errors.New("no Rollback Confirmed Change pending")
	ErrTrial   = errors.New("a configuration waits for configure confirm or configure revert now")
)

// RollbackScheduled says when the configuration of before comes back.
type RollbackScheduled struct {
	To string // its file
	In time.Duration
}

// RollbackNear says so a minute before.
type RollbackNear struct{ To string }

// RollbackConfirmed says that the new configuration stays.
type RollbackConfirmed struct{}

// RollbackBegun says that the configuration of before comes back now.
type RollbackBegun struct{ To string }

// IsEvent makes it an event.
func (RollbackScheduled) IsEvent() {}

// IsEvent makes it an event.
func (RollbackNear) IsEvent() {}

// IsEvent makes it an event.
func (RollbackConfirmed) IsEvent() {}

// IsEvent makes it an event.
func (RollbackBegun) IsEvent() {}

// try begins the trial of a configuration that takes the place of another.
func (e *Engine) try(now time.Time, before *policy.Config, length time.Duration) {
	e.trial = &trial{before: before, until: now.Add(length), warned: length <= trialWarning}
	e.report(now, RollbackScheduled{To: before.File(), In: length})
}

// confirm keeps the new configuration.
func (e *Engine) confirm(now time.Time) error {
	if e.trial == nil {
		return ErrNoTrial
	}
	e.trial = nil
	e.report(now, RollbackConfirmed{})
	return nil
}

// revert ends the trial after another time, or now.
func (e *Engine) revert(now time.Time, after time.Duration) error {
	switch {
	case e.trial == nil:
		return ErrNoTrial
	case after > 0:
		e.try(now, e.trial.before, after)
	default:
		e.reinstate(now)
	}
	return nil
}

// reinstate asks for the configuration of before: with it goes the state of the store
// that only the shell can read.
func (e *Engine) reinstate(now time.Time) {
	before := e.trial.before
	e.trial = nil
	e.report(now, RollbackBegun{To: before.File()})
	e.out = append(e.out, ike.Reinstate{Config: before})
}

// due is when the trial wants to be looked at.
func (t *trial) due() time.Time {
	if t.warned {
		return t.until
	}
	return t.until.Add(-trialWarning)
}

func (e *Engine) trialTimeout(now time.Time) {
	t := e.trial
	if t == nil || now.Before(t.due()) {
		return
	}
	if !now.Before(t.until) {
		e.reinstate(now)
		return
	}
	t.warned = true
	e.report(now, RollbackNear{To: t.before.File()})
}
