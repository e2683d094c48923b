// Package zap stands in for the real one.
package zap
