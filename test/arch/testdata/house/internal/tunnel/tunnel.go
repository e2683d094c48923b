package tunnel

import _ "example.test/house/ikev2" // want "internal/tunnel (level 4) imports ikev2 (level 3)"
