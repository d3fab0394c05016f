"""Every table, loaded: a backup must hold all of them."""

import audit.chain
import cases.tables
import storage.custody
import storage.lease

LOADED = (audit.chain, cases.tables, storage.custody, storage.lease)
