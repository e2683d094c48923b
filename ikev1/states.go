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

// State is the word of show crypto isakmp sa and of packet lines.
type State string

// States of main mode, and what follows it.
const (
	NewSA     State = "NEW SA"
	MMNoState State = "MM_NO_STATE"
	MMSASetup State = "MM_SA_SETUP"
	MMKeyExch State = "MM_KEY_EXCH"
	QMIdle    State = "QM_IDLE"

	AGInitExch State = "AG_INIT_EXCH" // aggressive mode
)

// Phase is a state name of the "Old State = " lines.
type Phase string

// Phases of main and aggressive mode. IOS has no IKE_R_MM6: the responder goes from MM5 to
// IKE_P1_COMPLETE.
const (
	Ready      Phase = "IKE_READY"
	IMM1       Phase = "IKE_I_MM1"
	IMM2       Phase = "IKE_I_MM2"
	IMM3       Phase = "IKE_I_MM3"
	IMM4       Phase = "IKE_I_MM4"
	IMM5       Phase = "IKE_I_MM5"
	IMM6       Phase = "IKE_I_MM6"
	RMM1       Phase = "IKE_R_MM1"
	RMM2       Phase = "IKE_R_MM2"
	RMM3       Phase = "IKE_R_MM3"
	RMM4       Phase = "IKE_R_MM4"
	RMM5       Phase = "IKE_R_MM5"
	IAM1       Phase = "IKE_I_AM1"
	RAMAwait   Phase = "IKE_R_AM_AAA_AWAIT"
	RAM2       Phase = "IKE_R_AM2"
	P1Complete Phase = "IKE_P1_COMPLETE"
	DestSA     Phase = "IKE_DEST_SA"
)

// Phases of quick mode.
const (
	QMReady        Phase = "IKE_QM_READY"
	QMIQM1         Phase = "IKE_QM_I_QM1"
	QMSPIStarve    Phase = "IKE_QM_SPI_STARVE"
	QMRQM2         Phase = "IKE_QM_R_QM2"
	QMInstallAwait Phase = "IKE_QM_IPSEC_INSTALL_AWAIT"
	QMComplete     Phase = "IKE_QM_PHASE2_COMPLETE"
)

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
