package tunnel

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"net/netip"
	"reflect"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/policy"
)

// fingerprint is a hash of everything that a tunnel's SAs are made of: its ends,
// its mode, the IPsec profile and all that this refers to. Two configurations
// that differ in nothing but source lines have the same.
func fingerprint(tu *policy.Tunnel) [32]byte {
	h := sha256.New()
	write(h, reflect.ValueOf(tu))
	return [32]byte(h.Sum(nil))
}

// write walks exported fields, so that a field added to the configuration
// later counts without anyone thinking of it here.
func write(h hash.Hash, v reflect.Value) {
	switch v.Type() {
	case reflect.TypeFor[ios.Pos]():
		return
	case reflect.TypeFor[netip.Addr](), reflect.TypeFor[netip.Prefix]():
		fmt.Fprintf(h, "%v;", v.Interface())
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			fmt.Fprint(h, "nil;")
			return
		}
		write(h, v.Elem())
	case reflect.Struct:
		fmt.Fprint(h, v.Type().Name(), "{")
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				write(h, v.Field(i))
			}
		}
		fmt.Fprint(h, "}")
	case reflect.Slice, reflect.Array:
		fmt.Fprintf(h, "[%d:", v.Len())
		for i := range v.Len() {
			write(h, v.Index(i))
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
