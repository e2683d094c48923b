package wire

import (
	_ "encoding/binary"
	_ "net/netip"

	_ "example.test/house/internal/suite" // want "wire (level 0) imports internal/suite (level 0)"
	_ "go.uber.org/zap"                   // want "wire imports go.uber.org/zap" want "wire imports go.uber.org/zap"
)
