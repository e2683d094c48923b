package ike

type Keys struct{}

var asked func(Keys)
