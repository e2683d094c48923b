package daemon

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"slices"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ioslog"
	"github.com/obol-ike/obol/pki"
)

// logQueue is how many reports, and lines of its own, the log may be behind before
// some are lost.
const logQueue = 8192

// logWrite is how many octets of lines are written at the latest.
const logWrite = 16 << 10

// logRest is how long the writer sleeps after a write: what is reported in the
// meantime leaves together, and wakes nobody.
const logRest = 20 * time.Millisecond

// lastLines is how long the end of the daemon waits for the log to be read.
const lastLines = 5 * time.Second

// A line is what is logged, with its fields.
type line struct {
	zapcore.Entry
	fields []zapcore.Field
}

// spoken are the lines that parts of the daemon log themselves. As with reports,
// who writes never waits for the log's reader.
type spoken struct {
	zapcore.LevelEnabler
	with  []zapcore.Field
	lines chan line
	lost  *atomic.Uint64
}

func (s spoken) Check(e zapcore.Entry, to *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	return to.AddCore(e, s)
}

func (s spoken) Write(e zapcore.Entry, fields []zapcore.Field) error {
	select {
	case s.lines <- line{e, slices.Concat(s.with, fields)}:
	default:
		s.lost.Add(1)
	}
	return nil
}

func (s spoken) With(fields []zapcore.Field) zapcore.Core {
	s.with = slices.Concat(s.with, fields)
	return s
}

func (spoken) Sync() error { return nil }

// text are lines that leave in one write, when there is nothing more to read. They
// are lost if nobody takes them.
type text struct {
	to    io.Writer
	lines bytes.Buffer
}

func (t *text) Write(line []byte) (int, error) {
	t.lines.Write(line)
	if t.lines.Len() > logWrite {
		t.Sync()
	}
	return len(line), nil
}

func (t *text) Sync() error {
	t.to.Write(t.lines.Bytes())
	t.lines.Reset()
	return nil
}

// inText is a log of lines of text, their fields at the end.
func inText(w io.Writer) zapcore.Core {
	encoder := zap.NewProductionEncoderConfig()
	encoder.EncodeTime = zapcore.ISO8601TimeEncoder
	encoder.EncodeLevel = zapcore.CapitalLevelEncoder
	return zapcore.NewCore(zapcore.NewConsoleEncoder(encoder), &text{to: w}, zapcore.DebugLevel)
}

// startLog starts the goroutine that writes the log: what is logged itself, and of the
// reports IOS's syslog lines, the debug lines asked for, and what obol knows better
// than IOS says. ended waits until everything is written, but no longer than lastLines
// for a reader that does not read.
func startLog(out zapcore.Core, h *hub, debug []ioslog.Facility) (log *zap.Logger, ended func()) {
	wants := everything
	if len(debug) == 0 {
		wants = logged
	}
	reports := h.subscribe(logQueue, wants)
	own := spoken{LevelEnabler: out, lines: make(chan line, logQueue), lost: &atomic.Uint64{}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		lines := zap.New(out)
		for open := true; open; {
			var r ike.Report
			select {
			case r, open = <-reports.reports:
			case l := <-own.lines:
				out.Write(l.Entry, l.fields)
			}
			if n := reports.Lost() + own.lost.Swap(0); n > 0 {
				lines.Warn("the log is too slow, reports are lost", zap.Uint64("lost", n))
			}
			if r.Event != nil {
				logReport(lines, r, debug)
			}
			for n := len(own.lines); !open && n > 0; n-- {
				l := <-own.lines
				out.Write(l.Entry, l.fields)
			}
			all := len(reports.reports)+len(own.lines) == 0
			if !open || all {
				out.Sync()
			}
			if open && all {
				time.Sleep(logRest)
			}
		}
	}()
	return zap.New(own), func() {
		h.close()
		select {
		case <-done:
		case <-time.After(lastLines):
		}
	}
}

// logged says whether logReport has a line for the event without any debug.
func logged(e ike.Event) bool {
	switch e.(type) {
	case ikev1.CertValidated, ikev2.ChainValidated, ike.SessionUp, ike.SessionDown, ike.ChildUp, ike.ChildDown, ike.NegotiationFailed, ikev2.CertificateFetched:
		return true
	}
	return ioslog.Logged(e)
}

func logReport(log *zap.Logger, r ike.Report, debug []ioslog.Facility) {
	for _, line := range ioslog.Lines(r) {
		switch {
		case line.Facility == ioslog.Syslog:
			log.Log(severity(line.Text), line.Text)
		case slices.Contains(debug, line.Facility):
			log.Debug(line.Text)
		}
	}
	switch e := r.Event.(type) {
	case ikev1.CertValidated:
		logValidated(log, e.ConnID, e.Verdict)
	case ikev2.ChainValidated:
		if e.Verdict.OK {
			logValidated(log, e.ConnID, e.Verdict)
		}
	case ike.SessionUp:
		log.Info("IKE SA up", zap.Uint32("conn-id", e.ConnID), zap.Stringer("local", e.Local), zap.Stringer("remote", e.Remote),
			zap.String("peer", e.PeerID), zap.String("profile", e.Profile), zap.Bool("initiator", e.Initiator))
	case ike.SessionDown:
		log.Info("IKE SA down", zap.Uint32("conn-id", e.ConnID), zap.Stringer("remote", e.Remote), zap.String("reason", e.Reason))
	case ike.ChildUp:
		log.Info("IPsec SAs up", zap.String("tunnel", e.Tunnel), zap.Stringer("remote", e.Remote),
			spi("spi-in", e.In.SPI), spi("spi-out", e.Out.SPI))
	case ike.ChildDown:
		log.Info("IPsec SAs down", zap.String("tunnel", e.Tunnel), spi("spi-in", e.InSPI), zap.String("reason", e.Reason))
	case ikev2.CertificateFetched:
		fields := []zap.Field{zap.Uint32("conn-id", e.ConnID), zap.Stringer("remote", e.Remote), zap.String("url", e.URL)}
		if e.Reason != "" {
			log.Warn("certificate not fetched", append(fields, zap.String("reason", e.Reason))...)
		} else {
			log.Info("certificate fetched", fields...)
		}
	case ike.NegotiationFailed:
		log.Warn("negotiation failed", zap.String("tunnel", e.Tunnel), zap.Stringer("peer", e.Peer),
			zap.String("stage", e.Stage), zap.String("reason", e.Reason))
	}
}

// logValidated says by which trustpoint a peer's certificate stands, or that it is the
// trustpool: IOS's lines do not.
func logValidated(log *zap.Logger, connID uint32, v pki.Verdict) {
	fields := []zap.Field{zap.Uint32("conn-id", connID), zap.String("trustpoint", v.Trustpoint), zap.Stringer("subject", v.Subject), zap.String("serial", v.Serial)}
	if len(v.Notes) > 0 {
		fields = append(fields, zap.Strings("notes", v.Notes))
	}
	log.Info("certificate validated", fields...)
}

// spi is a field with an SPI as ip xfrm prints it.
func spi(name string, value uint32) zap.Field { return zap.String(name, fmt.Sprintf("0x%08x", value)) }

// syslog is the head of a syslog line: %CRYPTO-5-IKMP_INVALID_CERT, facility, severity
// and mnemonic.
var syslog = regexp.MustCompile(`^%([A-Z0-9_]+)-([0-7])-([A-Z0-9_]+)`)

// severity is that of a syslog line.
func severity(line string) zapcore.Level {
	head := syslog.FindStringSubmatch(line)
	switch {
	case head == nil:
		return zapcore.InfoLevel
	case head[2] <= "3":
		return zapcore.ErrorLevel
	case head[2] == "4":
		return zapcore.WarnLevel
	}
	return zapcore.InfoLevel
}
