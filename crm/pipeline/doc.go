// Package pipeline has the rules of pipelines: the stages through which the records of a kind go,
// which stage a word means, what a stage says of the records in it, and how long they were there.
//
// It knows no records and no storage: a Flow is what a workspace has defined, a Visit is the time
// that a record was in a stage. A workspace without pipelines has a nil Flow, for which every
// method answers that there is nothing.
//
// Two rules hold everywhere. A word means at most one stage of a pipeline: its name, then the
// outcome that it has, then a name that it had before. And the visits of a record follow from the
// stages and times that it was given, in their order, so they can be made again from its log.
package pipeline
