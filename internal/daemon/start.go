package daemon

import "sync"

// A start remembers the first link or policy that the data plane refused while
// the daemon starts. It ends then, and what was ordered later is not carried
// out any more: a link without its policy would send in clear.
type start struct {
	mu      sync.Mutex
	refused error
	over    bool
}

// refuse notes why a start fails; false when there is none to fail.
func (s *start) refuse(err error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over && s.refused == nil {
		s.refused = err
	}
	return !s.over
}

func (s *start) failed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refused != nil
}

// end gives the refusal. Without one the daemon has started.
func (s *start) end() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = s.refused == nil
	return s.refused
}
