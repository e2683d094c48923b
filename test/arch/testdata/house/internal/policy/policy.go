package policy

import (
	_ "log/slog"      // want "internal/policy imports log/slog"
	_ "path/filepath" // want "internal/policy imports path/filepath"
)
