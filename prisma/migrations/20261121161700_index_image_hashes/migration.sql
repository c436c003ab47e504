-- CreateIndex
CREATE INDEX "image_hashes_added_at_id_idx" ON "image_hashes"("added_at", "id");

-- CreateIndex
CREATE INDEX "image_hashes_withdrawn_at_idx" ON "image_hashes"("withdrawn_at");
