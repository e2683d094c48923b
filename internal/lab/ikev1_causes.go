package lab

func (w *watch) causeIKEv1(x *explanation, by, other *account) bool { return false }
