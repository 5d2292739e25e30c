// Package localstore is the store without AWS: configs, credentials and
// tokens in the folders of one directory, a JSON file each.
//
//	DIR/providers/NAME.json        configs, read
//	DIR/credentials/NAME.json      credentials, read; for their owner alone (chmod 600)
//	DIR/private/NAME.json          refresh tokens; for their owner alone
//	DIR/tokens/NAME.json           records: what consumers read
//	DIR/tokens/.NAME.state.json    what is known of a record, and the note
//	DIR/tokens/.NAME.next.json     a record that is stored and not yet current
//	DIR/tokens/.NAME.paused        there or not: whether the provider is left alone
//	DIR/tokens/.lock               locked by the process that writes
//	DIR/tokens/.pid                the id of that process
//	DIR/state/last-run.json        when the last run was, for people
//	DIR/state/requests/            runs that other processes ask the writer for
//
// Everything in tokens is ours alone: there is no owner tag, and a record
// written by hand is reported and replaced, like a foreign version of one of
// our secrets. The folder is made with mode 0700, its files with 0600: consumers run
// as the same user.
//
// Anything in DIR may be a symbolic link, as those in the volumes of Kubernetes are, if it
// is relative and leads to a place below DIR.
//
// Nothing is written there while all users may write to DIR, providers or credentials, or users
// other than its owner to tokens.
//
// # What is a config
//
// Each file of providers that ends in .json, by its name; folders are not searched.
// Whatever else is there (meitner.yaml, a folder, a file of over 64 KiB or that cannot be
// read) is reported as a bad config, since it was probably meant as a good one. Only what
// surely was not is passed over: names that begin with a dot, and the backups that
// editors leave.
//
// # Why this is safe
//
// Which version is current is written down nowhere. The state file holds, for at most
// two versions, an id and the SHA-256 of the record that belongs to it; the current
// version is the one whose digest the record has. So no state can claim a record that is
// not there, and there is one rule to keep: before a record can become current, its
// digest is durable in the state file, beside the digest of the one that is.
//
// [Dir.Save] takes three steps:
//
//  1. the state file, with both digests;
//  2. .NAME.next.json, with the new record;
//  3. a rename of that to NAME.json: the swap.
//
// In 1 and 2 the file is written under another name, flushed and renamed into place. The
// folder is flushed at the end of each step. Hence NAME.json is one whole record at every
// instant, the old one until the rename of step 3 and the new one from then on. A process
// that is killed in step 1 has changed nothing that counts: at most the state knows a
// digest that no file has. After step 2 the new version is stored and not current, and
// the next run takes step 3 without a login. After step 3 nothing is left to do. A machine
// that loses its power may forget any of the renames since the folder was last flushed;
// as these all belong to one step, what is left is one of the same three cases.
//
// That step 3 moves from the version that the decision was taken on is certain because
// no other user writes: other processes are kept out by a lock on the file .lock, which
// the system releases with the process, and other goroutines by a mutex for each provider.
// Only a person with an editor can come in between. Readers need no lock: one that finds a
// record older than the state, because both were replaced while it looked, looks again.
package localstore
