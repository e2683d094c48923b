package ikev2

// Role is who began the exchange that made an IKE SA: the letter that IOS prints
// in brackets.
type Role byte

// Roles.
const (
	Initiator Role = 'I'
	Responder Role = 'R'
)

func (r Role) String() string { return string(rune(r)) }

// State is the word behind CurState in the trace of debug crypto ikev2 internal.
type State string

// States.
const (
	Idle              State = "IDLE"
	IBuildInit        State = "I_BLD_INIT"
	IWaitInit         State = "I_WAIT_INIT"
	IProcessInit      State = "I_PROC_INIT"
	IWaitIntermediate State = "I_WAIT_INTERMEDIATE" // not IOS's
	IBuildAuth        State = "I_BLD_AUTH"
	IWaitAuth         State = "I_WAIT_AUTH"
	IProcessAuth      State = "I_PROC_AUTH"
	RInit             State = "R_INIT"
	RBuildInit        State = "R_BLD_INIT"
	RWaitIntermediate State = "R_WAIT_INTERMEDIATE" // not IOS's
	RWaitAuth         State = "R_WAIT_AUTH"
	RVerifyAuth       State = "R_VERIFY_AUTH"
	RBuildAuth        State = "R_BLD_AUTH"
	AuthDone          State = "AUTH_DONE"
	Ready             State = "READY"
	Deleting          State = "DELETE"
)

// Status is the word of show crypto ikev2 sa.
func (s State) Status() string {
	switch s {
	case Ready:
		return "READY"
	case Deleting:
		return "DELETE"
	}
	return "IN-NEG"
}
