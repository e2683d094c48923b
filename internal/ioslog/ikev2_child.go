package ioslog

import "github.com/obol-ike/obol/ikev2"

// Lines of CREATE_CHILD_SA. No capture of them was found: they are made as those
// of the other exchanges are.

func createBegun(sa ikev2.SA) []Line { return ikev2Line(sa, "Generating CREATE_CHILD_SA message") }

func createAsked(sa ikev2.SA) []Line { return ikev2Line(sa, "Processing CREATE_CHILD_SA message") }

func ikev2CreateRefused(e ikev2.CreateRefused) []Line {
	return join(
		ikev2Error(e.SA, ": Received %s notify", notifyWords(e.Type)),
		ikev2Error(e.SA, "Create child exchange failed: Create child exchange failed"))
}
