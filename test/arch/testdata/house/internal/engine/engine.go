package engine

import (
	_ "example.test/house/ikev1"
	_ "example.test/house/internal/tunnel"
	_ "example.test/house/xfrm" // want "internal/engine (level 4) imports xfrm (level 5)"
)
