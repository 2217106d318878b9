// Package products is the table of column names: for each product whose exports an import
// understands, a block that says which field each of its columns is for. It is data. Package
// importer reads cells by it; this package reads no file and knows no record.
//
// # A block
//
// A block is one Product, in one screen: its name, its marks, and for each kind of record the
// paths of fields with the columns that hold them. To add a product, write a block, add it to
// Products, and add a file to testdata/imports whose header is the product's own (see the
// README there). No other code changes.
//
// Marks are columns that exports of this product have, and which nobody calls so in a sheet
// of their own. Two of them identify an export, if one is no column of General, else three. Two
// products may share one mark, not two. Marks are compared without regard to capitals and blanks only.
//
// Other names of columns are compared by Fold: only letters and digits count, in lower case. So
// "E-mail 1 - Value" needs no second spelling, and LastName is Last Name.
//
// A column is looked up in the block of the product, if the file has its marks or source=
// names it, then among the fields' own names, then in the block General. So URL is the profile
// in an export of LinkedIn, and a web site in a private sheet. A column that is nowhere goes
// into custom; a block therefore lists what has a field, and nothing else.
//
// # Paths
//
//	id                  the id of the record in the product
//	email               a field. The first of its columns that is set wins, in the order of
//	                    the block; other addresses, phone numbers and domains go into the
//	                    list beside the field (other_emails, …), other values into custom
//	other_emails        an item, or several, of a list: also other_phones, other_domains,
//	                    tags. External_ids takes "source:id"
//	company_id          the id, in the product, of the record that is referred to
//	company.name        it is found by its name; company.domain, contact.email likewise
//	any_id              the id of a record that the kind refers to, of whatever kind: that of
//	                    the record that was imported under it
//	name.given          a part of a person's name: name.prefix, name.given, name.middle,
//	                    name.family, name.suffix. A column for the whole name wins
//	name.prefix|title   the first if the cell has a form of address or a degree, else the second
//	follow_up_at|follow_up_note  the first if the cell is a date, else the second
//	address.city        a member of an object: street, city, region, postal_code, country. The
//	                    columns of one row of the block are joined, as the lines of a street are;
//	                    those of another row with the same path are used if these are empty
//	address2.city       of a second address (and address3): it is the address if the columns
//	                    of the first one are empty, else its cells go into custom
//	phone.code          the calling code that belongs before the number in phone
//	due_at.time         the time of day that belongs behind the date in due_at
//	custom.linkedin     a key of custom
//	status=won          the column says yes (1, true, x, completed …) if the field has this
//	                    value. Another text than yes or no is kept in custom too
//	status=won|lost     yes means one of them: that to which no other column says no
//	kind:call           only records with this value have the column: a cell that is set
//	                    means the value, and is kept like that of a column without a field
//
// Lists of a block are the columns whose cells name several records, with semicolons between them.
// The first one is the reference, and the others go into custom.
//
// In an activity several columns for its body are joined, in the order of the block.
//
// Columns of other fields, such as a stage, may have any text. Words of a choice, such as the
// status of a ticket, are those of the field, or are translated by Words.
package products
