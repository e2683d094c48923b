package lab

func (w *watch) causeIKEv2(x *explanation, by, other *account) bool { return false }
