package daemon

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/coreos/go-systemd/v22/journal"
	"go.uber.org/zap/zapcore"
)

// inJournal is a log in systemd's journal, where each field of a line can be asked for:
// docs/journal.md has them.
type inJournal struct {
	zapcore.LevelEnabler
	with []zapcore.Field
	send func(message string, priority journal.Priority, fields map[string]string) error
}

func (j inJournal) Check(e zapcore.Entry, to *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	return to.AddCore(e, j)
}

func (j inJournal) With(fields []zapcore.Field) zapcore.Core {
	j.with = slices.Concat(j.with, fields)
	return j
}

func (inJournal) Sync() error { return nil }

func (j inJournal) Write(e zapcore.Entry, fields []zapcore.Field) error {
	values := zapcore.NewMapObjectEncoder()
	for _, f := range slices.Concat(j.with, fields) {
		f.AddTo(values)
	}
	named := map[string]string{"SYSLOG_IDENTIFIER": "obold"}
	for name, value := range values.Fields {
		named[journalField(name)] = journalText(value)
	}
	priority := journalPriority(e.Level)
	if head := syslog.FindStringSubmatch(e.Message); head != nil {
		severity, _ := strconv.Atoi(head[2]) // IOS's are syslog's own
		priority = journal.Priority(severity)
		named["OBOL_FACILITY"], named["OBOL_MNEMONIC"] = head[1], head[3]
	}
	return j.send(e.Message, priority, named)
}

func journalPriority(l zapcore.Level) journal.Priority {
	switch l {
	case zapcore.DebugLevel:
		return journal.PriDebug
	case zapcore.InfoLevel:
		return journal.PriInfo
	case zapcore.WarnLevel:
		return journal.PriWarning
	}
	return journal.PriErr
}

// journalField is the name of a field in the journal, which knows capitals, digits and
// underscores only.
func journalField(name string) string {
	return "OBOL_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// journalText is a field's value; what has several has each on a line of its own.
func journalText(value any) string {
	list, several := value.([]any)
	if !several {
		return fmt.Sprint(value)
	}
	lines := make([]string, len(list))
	for i, one := range list {
		lines[i] = fmt.Sprint(one)
	}
	return strings.Join(lines, "\n")
}
