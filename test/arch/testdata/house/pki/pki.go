package pki

import (
	_ "os" // want "pki imports os"

	_ "example.test/house/pki/store" // want "pki (level 1) imports pki/store (level 5)"
)
