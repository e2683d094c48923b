package store

import (
	_ "os"
	"time"
)

var opened = time.Now()
