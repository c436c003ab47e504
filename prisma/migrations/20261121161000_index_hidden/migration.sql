-- What somebody wrote and not everybody sees: looked for by whoever undoes it, and by its author's streams. Nearly nothing is in it.
CREATE INDEX "conversation_entries_hidden_idx" ON "conversation_entries" ("actor_id", "conversation_id", "seq") WHERE "content_state" <> 'VISIBLE';
-- Those who know nothing yet of a conversation that they are in.
CREATE INDEX "conversation_members_hidden_idx" ON "conversation_members" ("hidden_by") WHERE "hidden_by" IS NOT NULL;
