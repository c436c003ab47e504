-- Messages among their changes: between two of them there may be a receipt by everybody. Receipts do not enter it.
CREATE INDEX "conversation_entries_messages_idx" ON "conversation_entries" ("conversation_id", "seq") WHERE "kind" = 'MESSAGE';
