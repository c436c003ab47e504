-- CreateIndex
CREATE INDEX "sign_ins_device_id_idx" ON "sign_ins"("device_id");
