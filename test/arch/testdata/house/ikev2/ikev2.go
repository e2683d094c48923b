package ikev2

import . "time"

var start = Now() // want "ikev2 uses time.Now"
