package rtnetlink

import (
	"errors"
	"slices"
	"testing"

	"github.com/vishvananda/netlink"
)

// A list that changed on its way is asked for again, and another error is told at once.
func TestWhole(t *testing.T) {
	other := errors.New("other")
	for _, c := range []struct {
		name     string
		answers  []error // the last one for ever
		asked    int
		err      error
		wantList []int
	}{
		{"at once", []error{nil}, 1, nil, []int{1}},
		{"changed twice", []error{netlink.ErrDumpInterrupted, netlink.ErrDumpInterrupted, nil}, 3, nil, []int{3}},
		{"an error", []error{netlink.ErrDumpInterrupted, other}, 2, other, []int{2}},
		{"changes for ever", []error{netlink.ErrDumpInterrupted}, wholeTries, netlink.ErrDumpInterrupted, []int{wholeTries}},
	} {
		asked := 0
		list, err := Whole(func() ([]int, error) {
			asked++
			return []int{asked}, c.answers[min(asked, len(c.answers))-1]
		})
		if asked != c.asked || !errors.Is(err, c.err) || !slices.Equal(list, c.wantList) {
			t.Errorf("%s: %v, %v after %d", c.name, list, err, asked)
		}
	}
}
