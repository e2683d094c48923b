package ikev1

// Fragmented says that the message that was sent left in fragments.
type Fragmented struct {
	SA
	Length, Fragments int
}

// Reassembled says that a message is complete, of which the fragments came.
type Reassembled struct {
	SA
	Length, Fragments int
}
