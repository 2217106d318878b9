// Package erase erases what a database has of a record: a person who asks for it must be gone from all
// that this program keeps. A delete is not enough, since the log has what was deleted.
//
// # What is erased
//
// The record; those that were merged into it; those that were about it alone, such as the activities of a
// contact, also if they were deleted before; and the values of all of these in the log. An entry keeps its
// number, time, origin, action and target, and says when it was erased and by whom. What other records say
// about a person in their own words (a note of a company, an activity that is also about a deal) stays: only
// people can judge it.
//
// # Steps
//
// A purge has a row in the table cascades, whose place and phase each step moves in its own transaction. So it
// goes on after a kill, on any server, and does nothing twice. Its first transaction deletes the record, logs
// the purge and erases the last entries of the record: from then on no undo and no restore can bring it back.
// Then the unused bytes of SQLite's file are filled with zeros (scrub.go), and its write-ahead log is emptied; while a
// reader does not allow that, the row stays, and the next round tries again.
//
// Records that were deleted long ago are erased without such a row: the entry of the delete is the last one to
// lose its values, so it says what is left to be done. Of these, only the entries of the records themselves are
// erased, and those of the ones that were merged into them: each of the others has an entry of its own.
//
// # Each table
//
// What a purge does about the tables of the schema, of all their rows in the workspace:
//
//   - companies, contacts, deals, deal_contacts, activities, tickets, tasks, campaigns, campaign_members, views, fields, pipelines: the row is deleted, and
//     references to it are cleared. A record with many references is hidden first, and deleted after the last step.
//   - tags, custom_values, names, list_values, values_in_use, deal_sums, duplicate_keys, dismissed_pairs, words: follow from the
//     record, and are deleted with it, in the same transaction. A name that no other record uses is deleted.
//   - log: the values before and after are erased, of the record, of those that were about it alone, and in the
//     entries of records that it was merged into and came back from. The target, an id, stays.
//   - imported: ids and names of imports that led to the record are deleted.
//   - stage_visits: in which stages the record was, is deleted, and so is for others a stage that they had from a merge with it and have left.
//   - merged: the handles of records that were merged into it lead nowhere.
//   - kept_answers: the answers of the last day are erased, all of the workspace, since a batch or an import may name
//     anybody in any form. The rows stay, so that no request is done twice.
//   - confirmations: dry runs that nobody has confirmed are deleted. What is done or has begun keeps its token, so
//     that it is not done twice and can be brought to its end; its request, which may have filters, becomes a
//     digest. The place of one that has begun may name what it has kept until it ends, for a day at most.
//   - kept_files, kept_parts: files that wait for a confirmation are deleted, unless they are being imported. On
//     SQLite these are files on the disk, see package transfer.
//   - cascades: has the purge itself, with its actor.
//   - usage: counts, no values; the storage of what is erased is free.
//   - commits, sequences, reservations: numbers.
//   - runs, bookmarks: names that clients give to their work. They stay.
//   - origins, users, members, tokens, secrets, workspaces, oauth_clients, oauth_requests, oauth_grants, codes,
//     limits, meta: accounts. A person who is a contact and a member too is not removed as a member; see DELETE /account.
//
// In memory, the text index and the caches follow the delete as they follow every write.
package erase
