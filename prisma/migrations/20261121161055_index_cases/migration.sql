-- CreateTable
CREATE TABLE "case_resolutions" (
    "actor_id" UUID NOT NULL,
    "client_id" TEXT NOT NULL,
    "case_id" UUID NOT NULL,
    "fingerprint" BYTEA NOT NULL,
    "decision_id" UUID,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "case_resolutions_pkey" PRIMARY KEY ("actor_id","client_id","case_id")
);

-- CreateIndex
CREATE INDEX "moderation_cases_severity_opened_at_id_idx" ON "moderation_cases"("severity" DESC, "opened_at", "id");

-- CreateIndex
CREATE INDEX "moderation_cases_due_at_id_idx" ON "moderation_cases"("due_at", "id");

-- CreateIndex
CREATE INDEX "moderation_cases_campus_id_severity_opened_at_id_idx" ON "moderation_cases"("campus_id", "severity" DESC, "opened_at", "id");

-- CreateIndex
CREATE INDEX "moderation_cases_assignee_id_idx" ON "moderation_cases"("assignee_id");

-- What Prisma cannot say.
-- What waits, as moderators take it.
CREATE INDEX "moderation_cases_waiting_idx" ON "moderation_cases" ("severity" DESC, "opened_at", "id") WHERE "state" IN ('OPEN', 'ESCALATED');
CREATE INDEX "moderation_cases_waiting_due_idx" ON "moderation_cases" ("due_at", "id") WHERE "state" IN ('OPEN', 'ESCALATED');
CREATE INDEX "moderation_cases_late_idx" ON "moderation_cases" ("due_at") WHERE "state" IN ('OPEN', 'ESCALATED') AND "overdue_told_at" IS NULL;
CREATE INDEX "moderation_cases_appealed_idx" ON "moderation_cases" ("severity" DESC, "opened_at", "id") WHERE "appeal_open";
CREATE INDEX "moderation_cases_claimed_by_idx" ON "moderation_cases" ("claimed_by") WHERE "claimed_by" IS NOT NULL;
CREATE INDEX "moderation_cases_reasons_idx" ON "moderation_cases" USING gin ("reasons");
-- What one person waits for.
CREATE INDEX "reports_open_idx" ON "reports" ("reporter_id") WHERE "outcome" IS NULL;
