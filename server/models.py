"""Every table, loaded: a backup must hold all of them."""

import audit.chain
import cases.tables
import storage.custody
import storage.lease
import submissions.draft_tables

LOADED = (audit.chain, cases.tables, storage.custody, storage.lease, submissions.draft_tables)
