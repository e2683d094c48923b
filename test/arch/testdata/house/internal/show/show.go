package show

import (
	_ "example.test/house/internal/engine"
	_ "go.uber.org/zap" // want "internal/show imports go.uber.org/zap"
)
