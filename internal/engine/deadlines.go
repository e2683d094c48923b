package engine

import (
	"cmp"
	"container/heap"
	"slices"
	"time"
)

// deadlines is a heap of sessions by the time at which they want to be called.
type deadlines []*entry

func (d deadlines) Len() int { return len(d) }
func (d deadlines) Less(i, j int) bool {
	if c := d[i].deadline.Compare(d[j].deadline); c != 0 {
		return c < 0
	}
	return d[i].serial < d[j].serial
}
func (d deadlines) Swap(i, j int) {
	d[i], d[j] = d[j], d[i]
	d[i].place, d[j].place = int32(i), int32(j)
}

// Push is for package heap.
func (d *deadlines) Push(x any) {
	x.(*entry).place = int32(len(*d))
	*d = append(*d, x.(*entry))
}

// Pop is for package heap.
func (d *deadlines) Pop() any {
	last := len(*d) - 1
	x := (*d)[last]
	(*d)[last] = nil
	*d = (*d)[:last]
	x.place = -1
	return x
}

// set notes when a session wants to be called; the zero time: not at all.
func (d *deadlines) set(x *entry, when time.Time) {
	x.deadline = when
	switch {
	case when.IsZero() && x.place >= 0:
		heap.Remove(d, int(x.place))
	case when.IsZero():
	case x.place >= 0:
		heap.Fix(d, int(x.place))
	default:
		heap.Push(d, x)
	}
}

// next is the session to call first, nil when none wants to be.
func (d deadlines) next() *entry {
	if len(d) == 0 {
		return nil
	}
	return d[0]
}

// due are the sessions to call now, each once, by deadline and age.
func (d deadlines) due(now time.Time) []*entry {
	var list []*entry
	var walk func(i int)
	walk = func(i int) {
		if i < len(d) && !d[i].deadline.After(now) {
			list = append(list, d[i])
			walk(2*i + 1)
			walk(2*i + 2)
		}
	}
	walk(0)
	slices.SortFunc(list, func(a, b *entry) int {
		return cmp.Or(a.deadline.Compare(b.deadline), cmp.Compare(a.serial, b.serial))
	})
	return list
}
