package ipsec

import (
	"github.com/obol-ike/obol/internal/state"
	"github.com/obol-ike/obol/internal/suite"
)

// State describes the name of an SA.
func (id *SAID) State(c *state.Codec) {
	c.Addr(&id.Src)
	c.Addr(&id.Dst)
	state.Number(c, &id.SPI)
	state.Number(c, &id.Protocol)
	state.Number(c, &id.Mark)
	state.Number(c, &id.AHSPI)
}

// State describes a selector.
func (s *Selector) State(c *state.Codec) {
	c.Prefix(&s.Local)
	c.Prefix(&s.Remote)
	state.Number(c, &s.Protocol)
	state.Number(c, &s.LocalPort)
	state.Number(c, &s.RemotePort)
}

// State describes a lifetime.
func (l *Lifetime) State(c *state.Codec) {
	c.Duration(&l.Duration)
	state.Number(c, &l.Kilobytes)
	state.Number(c, &l.Packets)
}

// State describes an SA with its keys; they are zeros where the SA is Public.
func (sa *SA) State(c *state.Codec) {
	sa.SAID.State(c)
	state.Number(c, &sa.Direction)
	state.Number(c, &sa.Mode)
	state.Number(c, &sa.DF)
	suite.StateCipher(c, &sa.Encr)
	state.Octets(c, &sa.EncrKey)
	suite.StateIntegrity(c, &sa.Integ)
	state.Octets(c, &sa.IntegKey)
	suite.StateIntegrity(c, &sa.AH)
	state.Octets(c, &sa.AHKey)
	sa.Selector.State(c)
	state.Number(c, &sa.ReqID)
	state.Number(c, &sa.IfID)
	c.Int(&sa.Replay)
	c.Bool(&sa.ESN)
	state.Some(c, &sa.Encap, func(e *Encap) {
		state.Number(c, &e.LocalPort)
		state.Number(c, &e.RemotePort)
	})
	sa.Soft.State(c)
	sa.Hard.State(c)
	c.Want(sa.Direction == In || sa.Direction == Out, "direction of an SA")
	c.Want(sa.Mode == Tunnel || sa.Mode == Transport, "mode of an SA")
	c.Want(sa.Encr == nil || len(sa.EncrKey) >= sa.Encr.SaltLen, "key of an SA")
}
