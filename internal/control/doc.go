// Package control is the operator's way into the daemon: the exec commands and
// the unix socket that carries them.
//
// A connection carries one request and its answer. The request is one exec
// line and the files that the client sends along:
//
//	obol/1 LENGTH LF
//	LINE LF { NAME SP LENGTH LF OCTETS }        LENGTH octets in all
//
// The answer is what goes to the client's standard output and standard error,
// as it comes, and then the exit status:
//
//	{ ("out" | "err" | "ask") SP LENGTH LF OCTETS }
//	"exit" SP CODE LF
//
// What is asked is the kind of the answer, a blank and the prompt; the client
// says LENGTH LF OCTETS, and nothing where it is not asked.
//
// Numbers are decimal. A client that goes away ends what it asked for, and a
// client that reads slowly is cut off: neither ever holds up the daemon.
package control
