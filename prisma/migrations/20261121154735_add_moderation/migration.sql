-- CreateEnum
CREATE TYPE "ContentState" AS ENUM ('VISIBLE', 'HIDDEN', 'REMOVED');

-- CreateEnum
CREATE TYPE "Surface" AS ENUM ('MESSAGE', 'ACTIVITY', 'ACTIVITY_MESSAGE', 'PROFILE', 'INVITE', 'VENUE', 'EVENT', 'REPORT');

-- CreateEnum
CREATE TYPE "PolicyState" AS ENUM ('DRAFT', 'SHADOW', 'ACTIVE', 'RETIRED');

-- CreateEnum
CREATE TYPE "WorkState" AS ENUM ('QUEUED', 'RUNNING', 'DONE', 'FAILED');

-- CreateEnum
CREATE TYPE "RestrictionKind" AS ENUM ('COOLDOWN', 'MUTE', 'SHADOW', 'CHALLENGE', 'BLOCK', 'BAN', 'STRIP_LINKS');

-- CreateEnum
CREATE TYPE "SubjectKind" AS ENUM ('MESSAGE', 'ACTIVITY', 'ACTIVITY_MESSAGE', 'ACCOUNT', 'DEVICE', 'VENUE', 'EVENT');

-- CreateEnum
CREATE TYPE "ReportReason" AS ENUM ('ABUSE', 'HARASSMENT', 'HATE', 'VIOLENCE', 'SELF_HARM', 'SEXUAL', 'SPAM', 'SCAM', 'OTHER');

-- CreateEnum
CREATE TYPE "CaseState" AS ENUM ('OPEN', 'ESCALATED', 'ACTIONED', 'DISMISSED', 'CLOSED');

-- CreateEnum
CREATE TYPE "ModerationAction" AS ENUM ('WARN', 'HIDE', 'REMOVE', 'SHADOW', 'MUTE', 'RESTRICT', 'BAN');

-- CreateEnum
CREATE TYPE "DecisionState" AS ENUM ('PENDING', 'APPLIED', 'REVERTING', 'REVERTED');

-- CreateEnum
CREATE TYPE "AppealState" AS ENUM ('OPEN', 'ACCEPTED', 'REJECTED');

-- CreateEnum
CREATE TYPE "QuarantineState" AS ENUM ('NEEDS_REVIEW', 'QUARANTINED', 'CLEAN', 'BLOCKED', 'HIDDEN');

-- AlterEnum
-- This migration adds more than one value to an enum.
-- With PostgreSQL versions 11 and earlier, this is not possible
-- in a single migration. This can be worked around by creating
-- multiple migrations, each migration adding only one value to
-- the enum.


ALTER TYPE "EntryKind" ADD VALUE 'HIDDEN';
ALTER TYPE "EntryKind" ADD VALUE 'SHOWN';

-- AlterTable
ALTER TABLE "conversation_entries" ADD COLUMN     "content_state" "ContentState" NOT NULL DEFAULT 'VISIBLE',
ADD COLUMN     "hidden_by" UUID;

-- AlterTable
ALTER TABLE "conversation_members" ADD COLUMN     "hidden_by" UUID,
ADD COLUMN     "hidden_message_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "events" ADD COLUMN     "content_state" "ContentState" NOT NULL DEFAULT 'VISIBLE',
ADD COLUMN     "hidden_by" UUID;

-- AlterTable
ALTER TABLE "profiles" ADD COLUMN     "content_state" "ContentState" NOT NULL DEFAULT 'VISIBLE',
ADD COLUMN     "hidden_by" UUID;

-- AlterTable
ALTER TABLE "venues" ADD COLUMN     "content_state" "ContentState" NOT NULL DEFAULT 'VISIBLE',
ADD COLUMN     "hidden_by" UUID;

-- CreateTable
CREATE TABLE "audit_log" (
    "seq" BIGINT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "actor_id" UUID,
    "action" TEXT NOT NULL,
    "target" TEXT NOT NULL,
    "detail" JSONB NOT NULL,
    "person_id" UUID,
    "personal" JSONB,
    "personal_salt" BYTEA,
    "personal_hash" BYTEA NOT NULL,
    "previous_hash" BYTEA NOT NULL,
    "hash" BYTEA NOT NULL,

    CONSTRAINT "audit_log_pkey" PRIMARY KEY ("seq")
);

-- CreateTable
CREATE TABLE "audit_checkpoints" (
    "seq" BIGINT NOT NULL,
    "hash" BYTEA NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "key_id" TEXT NOT NULL,
    "signature" BYTEA NOT NULL,

    CONSTRAINT "audit_checkpoints_pkey" PRIMARY KEY ("seq")
);

-- CreateTable
CREATE TABLE "policy_versions" (
    "id" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "document" JSONB NOT NULL,
    "note" TEXT NOT NULL DEFAULT '',
    "state" "PolicyState" NOT NULL DEFAULT 'DRAFT',
    "created_by" UUID,
    "client_id" TEXT,
    "fingerprint" BYTEA,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "activated_at" TIMESTAMPTZ(3),
    "activated_by" UUID,
    "approved_by" UUID,
    "approved_at" TIMESTAMPTZ(3),

    CONSTRAINT "policy_versions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "policy_replays" (
    "id" UUID NOT NULL,
    "policy_id" UUID NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL,
    "until" TIMESTAMPTZ(3) NOT NULL,
    "state" "WorkState" NOT NULL DEFAULT 'QUEUED',
    "requested_by" UUID,
    "client_id" TEXT,
    "events" INTEGER NOT NULL DEFAULT 0,
    "report" JSONB,
    "digest" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "policy_replays_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "judged_writes" (
    "id" BIGSERIAL NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "surface" "Surface" NOT NULL,
    "person_id" UUID NOT NULL,
    "features" JSONB NOT NULL,
    "policy_id" UUID,
    "decision" JSONB NOT NULL,
    "shadow_policy_id" UUID,
    "shadow_decision" JSONB,

    CONSTRAINT "judged_writes_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "standings" (
    "person_id" UUID NOT NULL,
    "trust" INTEGER NOT NULL DEFAULT 50,
    "risk" INTEGER NOT NULL DEFAULT 30,
    "known_since" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_negative_at" TIMESTAMPTZ(3),
    "decayed_at" TIMESTAMPTZ(3),
    "version" INTEGER NOT NULL DEFAULT 0,
    "status_seq" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "standings_pkey" PRIMARY KEY ("person_id")
);

-- CreateTable
CREATE TABLE "reputation_events" (
    "id" UUID NOT NULL,
    "person_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "surface" "Surface",
    "trust_delta" INTEGER NOT NULL DEFAULT 0,
    "risk_delta" INTEGER NOT NULL DEFAULT 0,
    "cause" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "reputation_events_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "restrictions" (
    "id" UUID NOT NULL,
    "person_id" UUID NOT NULL,
    "surface" "Surface",
    "kind" "RestrictionKind" NOT NULL,
    "reason" TEXT NOT NULL,
    "explanation" TEXT NOT NULL,
    "author_id" UUID,
    "decision_id" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),
    "revoked_by" UUID,

    CONSTRAINT "restrictions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "moderation_cases" (
    "id" UUID NOT NULL,
    "subject_kind" "SubjectKind" NOT NULL,
    "subject_id" TEXT NOT NULL,
    "owner_id" UUID,
    "campus_id" UUID,
    "state" "CaseState" NOT NULL DEFAULT 'OPEN',
    "reasons" TEXT[],
    "severity" INTEGER NOT NULL,
    "round" INTEGER NOT NULL DEFAULT 1,
    "report_count" INTEGER NOT NULL DEFAULT 0,
    "escalation_level" INTEGER NOT NULL DEFAULT 0,
    "assignee_id" UUID,
    "claimed_by" UUID,
    "claim_expires_at" TIMESTAMPTZ(3),
    "appeal_open" BOOLEAN NOT NULL DEFAULT false,
    "opened_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "due_at" TIMESTAMPTZ(3) NOT NULL,
    "overdue_told_at" TIMESTAMPTZ(3),
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "resolved_at" TIMESTAMPTZ(3),

    CONSTRAINT "moderation_cases_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "case_events" (
    "seq" BIGINT NOT NULL,
    "case_id" UUID NOT NULL,
    "change" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT "case_events_pkey" PRIMARY KEY ("seq")
);

-- CreateTable
CREATE TABLE "case_feed" (
    "id" INTEGER NOT NULL,
    "last_seq" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "case_feed_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "case_evidence" (
    "id" UUID NOT NULL,
    "case_id" UUID NOT NULL,
    "person_id" UUID,
    "text" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "case_evidence_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "reports" (
    "id" UUID NOT NULL,
    "case_id" UUID NOT NULL,
    "round" INTEGER NOT NULL,
    "reporter_id" UUID,
    "reason" "ReportReason" NOT NULL,
    "note" TEXT,
    "weight" DOUBLE PRECISION NOT NULL,
    "client_id" TEXT,
    "fingerprint" BYTEA,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "outcome" "CaseState",
    "resolved_at" TIMESTAMPTZ(3),

    CONSTRAINT "reports_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "decisions" (
    "id" UUID NOT NULL,
    "case_id" UUID,
    "subject_kind" "SubjectKind" NOT NULL,
    "subject_id" TEXT NOT NULL,
    "owner_id" UUID,
    "action" "ModerationAction" NOT NULL,
    "surface" "Surface",
    "minutes" INTEGER,
    "reason" TEXT NOT NULL,
    "explanation" TEXT NOT NULL,
    "note" TEXT NOT NULL DEFAULT '',
    "decided_by" UUID,
    "policy_id" UUID,
    "rule" TEXT,
    "state" "DecisionState" NOT NULL DEFAULT 'PENDING',
    "client_id" TEXT,
    "fingerprint" BYTEA,
    "decided_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "applied_at" TIMESTAMPTZ(3),
    "reverted_by" UUID,
    "revert_reason" TEXT,
    "reverted_at" TIMESTAMPTZ(3),

    CONSTRAINT "decisions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "moderation_statuses" (
    "person_id" UUID NOT NULL,
    "seq" INTEGER NOT NULL,
    "kind" TEXT NOT NULL,
    "decision_id" UUID,
    "report_id" UUID,
    "appeal_id" UUID,
    "data" JSONB NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT "moderation_statuses_pkey" PRIMARY KEY ("person_id","seq")
);

-- CreateTable
CREATE TABLE "appeals" (
    "id" UUID NOT NULL,
    "case_id" UUID NOT NULL,
    "decision_id" UUID NOT NULL,
    "appellant_id" UUID,
    "note" TEXT,
    "state" "AppealState" NOT NULL DEFAULT 'OPEN',
    "answer" TEXT,
    "decided_by" UUID,
    "client_id" TEXT,
    "fingerprint" BYTEA,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "resolved_at" TIMESTAMPTZ(3),

    CONSTRAINT "appeals_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "quarantine_items" (
    "id" UUID NOT NULL,
    "subject_kind" "SubjectKind" NOT NULL,
    "subject_id" TEXT NOT NULL,
    "owner_id" UUID,
    "kind" TEXT NOT NULL,
    "locator" TEXT NOT NULL,
    "labels" JSONB NOT NULL,
    "state" "QuarantineState" NOT NULL,
    "decided_by" UUID,
    "decided_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "quarantine_items_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "image_hashes" (
    "id" UUID NOT NULL,
    "hash" BYTEA NOT NULL,
    "label" TEXT NOT NULL,
    "source" TEXT NOT NULL,
    "added_by" UUID,
    "added_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "withdrawn_at" TIMESTAMPTZ(3),

    CONSTRAINT "image_hashes_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "link_domains" (
    "domain" TEXT NOT NULL,
    "denied" BOOLEAN NOT NULL,
    "added_by" UUID,
    "added_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "link_domains_pkey" PRIMARY KEY ("domain")
);

-- CreateTable
CREATE TABLE "staff_campuses" (
    "account_id" UUID NOT NULL,
    "campus_id" UUID NOT NULL,

    CONSTRAINT "staff_campuses_pkey" PRIMARY KEY ("account_id","campus_id")
);

-- CreateIndex
CREATE INDEX "audit_log_target_seq_idx" ON "audit_log"("target", "seq");

-- CreateIndex
CREATE INDEX "audit_log_person_id_seq_idx" ON "audit_log"("person_id", "seq");

-- CreateIndex
CREATE INDEX "audit_log_actor_id_seq_idx" ON "audit_log"("actor_id", "seq");

-- CreateIndex
CREATE UNIQUE INDEX "policy_versions_number_key" ON "policy_versions"("number");

-- CreateIndex
CREATE UNIQUE INDEX "policy_versions_created_by_client_id_key" ON "policy_versions"("created_by", "client_id");

-- CreateIndex
CREATE INDEX "policy_replays_policy_id_created_at_idx" ON "policy_replays"("policy_id", "created_at");

-- CreateIndex
CREATE UNIQUE INDEX "policy_replays_requested_by_client_id_key" ON "policy_replays"("requested_by", "client_id");

-- CreateIndex
CREATE INDEX "judged_writes_at_id_idx" ON "judged_writes"("at", "id");

-- CreateIndex
CREATE INDEX "judged_writes_person_id_idx" ON "judged_writes"("person_id");

-- CreateIndex
CREATE INDEX "standings_decayed_at_idx" ON "standings"("decayed_at");

-- CreateIndex
CREATE INDEX "reputation_events_person_id_at_idx" ON "reputation_events"("person_id", "at");

-- CreateIndex
CREATE UNIQUE INDEX "reputation_events_person_id_cause_key" ON "reputation_events"("person_id", "cause");

-- CreateIndex
CREATE UNIQUE INDEX "restrictions_decision_id_key" ON "restrictions"("decision_id");

-- CreateIndex
CREATE INDEX "restrictions_person_id_created_at_idx" ON "restrictions"("person_id", "created_at");

-- CreateIndex
CREATE INDEX "restrictions_expires_at_idx" ON "restrictions"("expires_at");

-- CreateIndex
CREATE INDEX "moderation_cases_state_severity_opened_at_id_idx" ON "moderation_cases"("state", "severity" DESC, "opened_at", "id");

-- CreateIndex
CREATE INDEX "moderation_cases_opened_at_id_idx" ON "moderation_cases"("opened_at", "id");

-- CreateIndex
CREATE INDEX "moderation_cases_owner_id_idx" ON "moderation_cases"("owner_id");

-- CreateIndex
CREATE INDEX "moderation_cases_state_due_at_idx" ON "moderation_cases"("state", "due_at");

-- CreateIndex
CREATE INDEX "moderation_cases_claim_expires_at_idx" ON "moderation_cases"("claim_expires_at");

-- CreateIndex
CREATE UNIQUE INDEX "moderation_cases_subject_kind_subject_id_key" ON "moderation_cases"("subject_kind", "subject_id");

-- CreateIndex
CREATE INDEX "case_events_at_idx" ON "case_events"("at");

-- CreateIndex
CREATE INDEX "case_events_case_id_seq_idx" ON "case_events"("case_id", "seq");

-- CreateIndex
CREATE INDEX "case_evidence_case_id_at_idx" ON "case_evidence"("case_id", "at");

-- CreateIndex
CREATE INDEX "case_evidence_person_id_idx" ON "case_evidence"("person_id");

-- CreateIndex
CREATE INDEX "reports_reporter_id_created_at_idx" ON "reports"("reporter_id", "created_at");

-- CreateIndex
CREATE UNIQUE INDEX "reports_reporter_id_client_id_key" ON "reports"("reporter_id", "client_id");

-- CreateIndex
CREATE UNIQUE INDEX "reports_case_id_round_reporter_id_key" ON "reports"("case_id", "round", "reporter_id");

-- CreateIndex
CREATE INDEX "decisions_subject_kind_subject_id_decided_at_idx" ON "decisions"("subject_kind", "subject_id", "decided_at");

-- CreateIndex
CREATE INDEX "decisions_case_id_decided_at_idx" ON "decisions"("case_id", "decided_at");

-- CreateIndex
CREATE INDEX "decisions_owner_id_decided_at_idx" ON "decisions"("owner_id", "decided_at");

-- CreateIndex
CREATE INDEX "decisions_state_idx" ON "decisions"("state");

-- CreateIndex
CREATE UNIQUE INDEX "decisions_decided_by_client_id_key" ON "decisions"("decided_by", "client_id");

-- CreateIndex
CREATE INDEX "moderation_statuses_at_idx" ON "moderation_statuses"("at");

-- CreateIndex
CREATE INDEX "appeals_case_id_created_at_idx" ON "appeals"("case_id", "created_at");

-- CreateIndex
CREATE INDEX "appeals_state_created_at_id_idx" ON "appeals"("state", "created_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "appeals_appellant_id_client_id_key" ON "appeals"("appellant_id", "client_id");

-- CreateIndex
CREATE INDEX "quarantine_items_state_created_at_id_idx" ON "quarantine_items"("state", "created_at", "id");

-- CreateIndex
CREATE INDEX "quarantine_items_owner_id_idx" ON "quarantine_items"("owner_id");

-- CreateIndex
CREATE UNIQUE INDEX "quarantine_items_subject_kind_subject_id_kind_locator_key" ON "quarantine_items"("subject_kind", "subject_id", "kind", "locator");

-- CreateIndex
CREATE UNIQUE INDEX "image_hashes_hash_label_key" ON "image_hashes"("hash", "label");

-- What Prisma cannot say.

-- One version decides, and at most one is tried beside it.
CREATE UNIQUE INDEX "policy_versions_active_key" ON "policy_versions" ("state") WHERE "state" = 'ACTIVE';
CREATE UNIQUE INDEX "policy_versions_shadow_key" ON "policy_versions" ("state") WHERE "state" = 'SHADOW';

-- One open appeal per case.
CREATE UNIQUE INDEX "appeals_open_key" ON "appeals" ("case_id") WHERE "state" = 'OPEN';

-- What was hidden by one decision or restriction, to show it again.
CREATE INDEX "conversation_entries_hidden_by_idx" ON "conversation_entries" ("hidden_by") WHERE "hidden_by" IS NOT NULL;
CREATE INDEX "conversation_members_hidden_by_idx" ON "conversation_members" ("hidden_by") WHERE "hidden_by" IS NOT NULL;
CREATE INDEX "venues_hidden_by_idx" ON "venues" ("hidden_by") WHERE "hidden_by" IS NOT NULL;
CREATE INDEX "events_hidden_by_idx" ON "events" ("hidden_by") WHERE "hidden_by" IS NOT NULL;

-- Restrictions that hold, per person.
CREATE INDEX "restrictions_standing_idx" ON "restrictions" ("person_id") WHERE "revoked_at" IS NULL;

-- What is still to be done.
CREATE INDEX "decisions_unfinished_idx" ON "decisions" ("id") WHERE "state" IN ('PENDING', 'REVERTING');

INSERT INTO "case_feed" ("id", "last_seq") VALUES (1, 0);
ALTER TABLE "case_feed" ADD CONSTRAINT "case_feed_is_one" CHECK ("id" = 1);
ALTER TABLE "case_feed" SET (fillfactor = 10);
ALTER TABLE "standings" SET (fillfactor = 70);
ALTER TABLE "moderation_cases" SET (fillfactor = 70);

-- The audit log: the database gives every entry its place and its hash, and lets nobody change one.

CREATE TABLE "audit_head" (
    "id" INTEGER NOT NULL DEFAULT 1 CHECK ("id" = 1),
    "seq" BIGINT NOT NULL,
    "hash" BYTEA NOT NULL,
    CONSTRAINT "audit_head_pkey" PRIMARY KEY ("id")
) WITH (fillfactor = 10);
INSERT INTO "audit_head" ("seq", "hash") VALUES (0, sha256('vicinity audit log'));

-- Each part with its length before it, so that no two entries are written the same way.
CREATE FUNCTION "audit_part"(part text) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT convert_to(CASE WHEN part IS NULL THEN '-' ELSE octet_length(part)::text || ':' || part END, 'UTF8')
$$;

CREATE FUNCTION "audit_log_is_chained"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  head "audit_head"%ROWTYPE;
BEGIN
  -- The row is the lock: entries are chained in the order of their commits.
  SELECT * INTO head FROM "audit_head" FOR UPDATE;
  NEW."seq" := head."seq" + 1;
  NEW."previous_hash" := head."hash";
  NEW."at" := date_trunc('milliseconds', clock_timestamp());
  IF NEW."person_id" IS NULL AND NEW."personal" IS NULL THEN
    NEW."personal_salt" := NULL;
    NEW."personal_hash" := ''::bytea;
  ELSE
    NEW."personal_salt" := uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());
    NEW."personal_hash" := sha256(NEW."personal_salt" || "audit_part"(NEW."person_id"::text) || "audit_part"(NEW."personal"::text));
  END IF;
  NEW."hash" := sha256(
    NEW."previous_hash" || "audit_part"(NEW."seq"::text)
    || "audit_part"((extract(epoch FROM NEW."at") * 1000)::bigint::text) || "audit_part"(NEW."actor_id"::text)
    || "audit_part"(NEW."action") || "audit_part"(NEW."target") || "audit_part"(NEW."detail"::text) || NEW."personal_hash"
  );
  UPDATE "audit_head" SET "seq" = NEW."seq", "hash" = NEW."hash";
  RETURN NEW;
END $$;
CREATE TRIGGER "audit_log_is_chained" BEFORE INSERT ON "audit_log"
  FOR EACH ROW EXECUTE FUNCTION "audit_log_is_chained"();

-- Only what is personal can be taken out, and nothing put in its place.
CREATE FUNCTION "audit_log_is_final"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  personal text[] := ARRAY['person_id', 'personal', 'personal_salt'];
BEGIN
  IF TG_OP = 'UPDATE' AND NEW."person_id" IS NULL AND NEW."personal" IS NULL AND NEW."personal_salt" IS NULL
    AND to_jsonb(NEW) - personal = to_jsonb(OLD) - personal THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'audit_log is only added to';
END $$;
CREATE TRIGGER "audit_log_is_final" BEFORE UPDATE OR DELETE ON "audit_log"
  FOR EACH ROW EXECUTE FUNCTION "audit_log_is_final"();
CREATE TRIGGER "audit_log_is_whole" BEFORE TRUNCATE ON "audit_log"
  FOR EACH STATEMENT EXECUTE FUNCTION "audit_log_is_final"();
CREATE FUNCTION "audit_checkpoints_are_final"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'audit_checkpoints is only added to';
END $$;
CREATE TRIGGER "audit_checkpoints_are_final" BEFORE UPDATE OR DELETE OR TRUNCATE ON "audit_checkpoints"
  FOR EACH STATEMENT EXECUTE FUNCTION "audit_checkpoints_are_final"();
REVOKE UPDATE, DELETE, TRUNCATE ON "audit_log", "audit_checkpoints" FROM PUBLIC;
