package pki

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Types of the PEM blocks in the file of an enrolment.
const (
	blockEnrolling = "OBOL ENROLMENT"
	blockRequest   = "CERTIFICATE REQUEST"
	blockSigner    = "SIGNER CERTIFICATE"
	blockCA        = "CA CERTIFICATE"
	blockShadow    = "CERTIFICATE"
)

// PEM writes the enrolment as a file. There is no key in it.
func (e *Enrolling) PEM() []byte {
	headers := map[string]string{
		"Label": e.Label, "Began": e.Began.UTC().Format(time.RFC3339), "Next": e.Next.UTC().Format(time.RFC3339),
		"Tries": strconv.Itoa(e.Tries), "Renewal": strconv.FormatBool(e.Renewal), "Gave-Up": strconv.FormatBool(e.GaveUp),
		"Held": strconv.FormatBool(e.Held),
	}
	var b bytes.Buffer
	add := func(kind string, headers map[string]string, der []byte) {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: kind, Headers: headers, Bytes: der}))
	}
	add(blockEnrolling, headers, nil)
	if e.Request != nil {
		add(blockRequest, nil, e.Request)
	}
	if e.Signer != nil {
		add(blockSigner, nil, e.Signer.Raw())
	}
	add(blockCA, nil, e.CA.Raw())
	for _, c := range e.Shadow {
		add(blockShadow, nil, c.Raw())
	}
	return b.Bytes()
}

// ParseEnrolling reads such a file.
func ParseEnrolling(data []byte) (*Enrolling, error) {
	blocks, err := blocksPEM("enrolment", data)
	if err != nil {
		return nil, err
	}
	e := &Enrolling{}
	whole := false
	for _, block := range blocks {
		var c *Certificate
		switch block.Type {
		case blockEnrolling:
			if err := e.readHeaders(block.Headers); err != nil {
				return nil, err
			}
			whole = true
			continue
		case blockRequest:
			e.Request = block.Bytes
			continue
		default:
			if c, err = ParseCertificate(block.Bytes); err != nil {
				return nil, fmt.Errorf("enrolment: %w", err)
			}
		}
		switch block.Type {
		case blockSigner:
			e.Signer = c
		case blockCA:
			e.CA = c
		case blockShadow:
			e.Shadow = append(e.Shadow, c)
		}
	}
	if !whole || e.CA == nil || len(e.Shadow) == 0 && (e.Request == nil || e.Signer == nil) {
		return nil, errors.New("enrolment: a part of the file is missing")
	}
	return e, nil
}

func (e *Enrolling) readHeaders(h map[string]string) error {
	var errs [6]error
	e.Label = h["Label"]
	e.Began, errs[0] = time.Parse(time.RFC3339, h["Began"])
	e.Next, errs[1] = time.Parse(time.RFC3339, h["Next"])
	e.Tries, errs[2] = strconv.Atoi(h["Tries"])
	e.Renewal, errs[3] = strconv.ParseBool(h["Renewal"])
	e.GaveUp, errs[4] = strconv.ParseBool(h["Gave-Up"])
	e.Held, errs[5] = strconv.ParseBool(h["Held"])
	if errors.Join(errs[:]...) != nil {
		return errors.New("enrolment: a malformed header")
	}
	return nil
}
