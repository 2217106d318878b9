// Package pipeline has the endpoints about pipelines and the stages of records. The rules are in
// crm/pipeline, which a write of any record follows too; this package says what a request means and
// what an answer shows.
package pipeline
