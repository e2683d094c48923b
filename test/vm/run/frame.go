package main

import (
	"encoding/binary"
	"io"
)

// The guest talks to the host in frames over a virtio-serial port: one octet
// kind, four octets length, content.
type frameKind byte

const (
	frameReady  frameKind = 'r' // the guest is about to start the program
	frameStdout frameKind = '1'
	frameStderr frameKind = '2'
	frameFile   frameKind = 'f' // host path, NUL, contents
	frameExit   frameKind = 'x' // exit status in decimal
)

func appendFrame(b []byte, kind frameKind, content []byte) []byte {
	b = append(b, byte(kind))
	b = binary.BigEndian.AppendUint32(b, uint32(len(content)))
	return append(b, content...)
}

func readFrame(r io.Reader) (frameKind, []byte, error) {
	var h [5]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return 0, nil, err
	}
	b := make([]byte, binary.BigEndian.Uint32(h[1:]))
	_, err := io.ReadFull(r, b)
	return frameKind(h[0]), b, err
}
