// Package habit knows calls of other systems, and the call that does the same here. Models know the
// APIs of many products, and try their paths and words first.
package habit
