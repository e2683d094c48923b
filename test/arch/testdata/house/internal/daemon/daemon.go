package daemon

import "example.test/house/internal/ike"

var _ = func(ike.Keys) {} // want "internal/daemon uses internal/ike.Keys"
