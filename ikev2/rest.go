package ikev2

// A stranger's session rests from its answer to IKE_SA_INIT until something comes,
// most likely for ever: it holds what IKE_AUTH will need, and no room for more.

// rests says so. Only what looks and changes nothing may meet a session at rest.
func (s *Session) rests() bool { return s.dealings == nil }

// wake makes room for whatever comes.
func (s *Session) wake() {
	if s.rests() {
		s.dealings, s.ike.exchanges = &dealings{}, &exchanges{}
	}
}

// rest gives the room back, if nothing that was authentic has come.
func (s *Session) rest() {
	st, ok := s.phase.(*answeredInit)
	if ok && s.up == nil && st.initial == nil && len(s.waiting)+len(s.ike.answers)+len(s.ike.reassembly) == 0 {
		s.dealings, s.ike.exchanges = nil, nil
	}
}
