package ikev1

// Role is the letter IOS prints in brackets before the state.
type Role byte

// Roles. NewPeer stands with NewSA for a first message.
const (
	Initiator Role = 'I'
	Responder Role = 'R'
	NewPeer   Role = 'N'
)

func (r Role) String() string { return string(rune(r)) }

// State is the word of show crypto isakmp sa and of packet lines. It is a number
// because every IKE SA has one, and so has every event about it.
type State byte

// States of main mode, and what follows it.
const (
	NewSA State = iota
	MMNoState
	MMSASetup
	MMKeyExch
	QMIdle

	AGInitExch // aggressive mode
)

var states = [...]string{
	NewSA:      "NEW SA",
	MMNoState:  "MM_NO_STATE",
	MMSASetup:  "MM_SA_SETUP",
	MMKeyExch:  "MM_KEY_EXCH",
	QMIdle:     "QM_IDLE",
	AGInitExch: "AG_INIT_EXCH",
}

func (s State) String() string { return states[s] }

// Phase is a state name of the "Old State = " lines.
type Phase byte

// Phases of main and aggressive mode. IOS has no IKE_R_MM6: the responder goes from MM5 to
// IKE_P1_COMPLETE.
const (
	Ready Phase = iota
	IMM1
	IMM2
	IMM3
	IMM4
	IMM5
	IMM6
	RMM1
	RMM2
	RMM3
	RMM4
	RMM5
	IAM1
	RAMAwait
	RAM2
	P1Complete
	DestSA
)

// Phases of quick mode.
const (
	QMReady Phase = DestSA + 1 + iota
	QMIQM1
	QMSPIStarve
	QMRQM2
	QMInstallAwait
	QMComplete
)

var phases = [...]string{
	Ready:      "IKE_READY",
	IMM1:       "IKE_I_MM1",
	IMM2:       "IKE_I_MM2",
	IMM3:       "IKE_I_MM3",
	IMM4:       "IKE_I_MM4",
	IMM5:       "IKE_I_MM5",
	IMM6:       "IKE_I_MM6",
	RMM1:       "IKE_R_MM1",
	RMM2:       "IKE_R_MM2",
	RMM3:       "IKE_R_MM3",
	RMM4:       "IKE_R_MM4",
	RMM5:       "IKE_R_MM5",
	IAM1:       "IKE_I_AM1",
	RAMAwait:   "IKE_R_AM_AAA_AWAIT",
	RAM2:       "IKE_R_AM2",
	P1Complete: "IKE_P1_COMPLETE",
	DestSA:     "IKE_DEST_SA",

	QMReady:        "IKE_QM_READY",
	QMIQM1:         "IKE_QM_I_QM1",
	QMSPIStarve:    "IKE_QM_SPI_STARVE",
	QMRQM2:         "IKE_QM_R_QM2",
	QMInstallAwait: "IKE_QM_IPSEC_INSTALL_AWAIT",
	QMComplete:     "IKE_QM_PHASE2_COMPLETE",
}

func (p Phase) String() string { return phases[p] }

// Input is what made the state machine move: source and message, as IOS names
// them.
type Input string

// Inputs.
const (
	InSARequest     Input = "IKE_MESG_FROM_IPSEC, IKE_SA_REQ_MM"
	InSARequestAM   Input = "IKE_MESG_FROM_IPSEC, IKE_SA_REQ_AM"
	InAMExchange    Input = "IKE_MESG_FROM_PEER, IKE_AM_EXCH"
	InKeyReply      Input = "IKE_MESG_FROM_AAA, PRESHARED_KEY_REPLY"
	InMMExchange    Input = "IKE_MESG_FROM_PEER, IKE_MM_EXCH"
	InProcess       Input = "IKE_MESG_INTERNAL, IKE_PROCESS_MAIN_MODE"
	InComplete      Input = "IKE_MESG_INTERNAL, IKE_PROCESS_COMPLETE"
	InPhase1Done    Input = "IKE_MESG_INTERNAL, IKE_PHASE1_COMPLETE"
	InAlive         Input = "IKE_MESG_FROM_TIMER, IKE_TIMER_IM_ALIVE"
	InPhase1Del     Input = "IKE_MESG_INTERNAL, IKE_PHASE1_DEL"
	InInitQM        Input = "IKE_MESG_INTERNAL, IKE_INIT_QM"
	InQMExchange    Input = "IKE_MESG_FROM_PEER, IKE_QM_EXCH"
	InGotSPI        Input = "IKE_MESG_INTERNAL, IKE_GOT_SPI"
	InInstallDone   Input = "IKE_MESG_FROM_IPSEC, IPSEC_INSTALL_DONE"
	InInstallFailed Input = "IKE_MESG_FROM_IPSEC, IPSEC_INSTALL_FAILED"
)
