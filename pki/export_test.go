package pki

// Iterations lets the fuzz target skip what would only burn time.
var Iterations = iterations
