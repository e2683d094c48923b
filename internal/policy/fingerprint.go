package policy

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"net/netip"
	"reflect"
	"time"

	"github.com/obol-ike/obol/internal/ios"
)

// A hasher makes fingerprints of parts of a configuration: hashes of values and of all
// that they refer to. Two that differ in nothing but source lines have the same. What
// many refer to is hashed once.
type hasher map[pointee][32]byte

type pointee struct {
	of reflect.Type
	at uintptr
}

func (m hasher) sum(values ...any) [32]byte {
	h := sha256.New()
	for _, v := range values {
		m.write(h, reflect.ValueOf(v))
	}
	return [32]byte(h.Sum(nil))
}

// write walks exported fields, so that a field added to the configuration
// later counts without anyone thinking of it here.
func (m hasher) write(h hash.Hash, v reflect.Value) {
	switch v.Type() {
	case reflect.TypeFor[ios.Pos]():
		return
	case reflect.TypeFor[netip.Addr](), reflect.TypeFor[netip.Prefix](), reflect.TypeFor[time.Time]():
		fmt.Fprintf(h, "%v;", v.Interface())
		return
	}
	switch v.Kind() {
	case reflect.Interface:
		m.write(h, v.Elem())
	case reflect.Pointer:
		if v.IsNil() {
			fmt.Fprint(h, "nil;")
			return
		}
		key := pointee{v.Type(), v.Pointer()}
		sum, known := m[key]
		if !known {
			sum = m.sum(v.Elem().Interface())
			m[key] = sum
		}
		h.Write(sum[:])
	case reflect.Struct:
		fmt.Fprint(h, v.Type().Name(), "{")
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				m.write(h, v.Field(i))
			}
		}
		fmt.Fprint(h, "}")
	case reflect.Slice, reflect.Array:
		fmt.Fprintf(h, "[%d:", v.Len())
		for i := range v.Len() {
			m.write(h, v.Index(i))
		}
		fmt.Fprint(h, "]")
	case reflect.String:
		fmt.Fprintf(h, "%q;", v.String())
	case reflect.Func:
		// An algorithm's constructor: its row is known by its names.
	default:
		fmt.Fprintf(h, "%v;", v)
	}
}
