package suite

import (
	"crypto/rand"
	_ "math/rand/v2" // want "internal/suite imports math/rand/v2"
	_ "unsafe"       // want "internal/suite imports unsafe"
)

var (
	source  = rand.Reader           // want "internal/suite uses crypto/rand.Reader"
	fill    = rand.Read             // want "internal/suite uses crypto/rand.Read"
	text, _ = rand.Text(), rand.Int // want "internal/suite uses crypto/rand.Text"
)
