package ioslog

import (
	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
)

// configureLines are those of configure replace and of its rollback.
func configureLines(e ike.Event) []Line {
	switch e := e.(type) {
	case engine.Configured:
		return syslog("SYS-5-CONFIG_I: Configured from %s by console", e.From)
	case engine.RollbackScheduled:
		return syslog("ARCHIVE_DIFF-5-ROLLBK_CNFMD_CHG_START_ABSTIMER: User: console: Scheduled to rollback to config %s in %d minutes", e.To, int(e.In.Minutes()))
	case engine.RollbackNear:
		return syslog("ARCHIVE_DIFF-5-ROLLBK_CNFMD_CHG_WARNING_ABSTIMER: System will rollback to config %s in one minute. Enter \"configure confirm\" if you wish to keep what you've configured", e.To)
	case engine.RollbackConfirmed:
		return syslog("ARCHIVE_DIFF-5-ROLLBK_CNFMD_CHG_CONFIRM: User: console: Confirm the configuration change")
	case engine.RollbackBegun:
		return syslog("ARCHIVE_DIFF-5-ROLLBK_CNFMD_CHG_ROLLBACK_START: Start rolling to: %s", e.To)
	}
	return nil
}
