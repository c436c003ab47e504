-- CreateTable
CREATE TABLE "social_changes" (
    "id" UUID NOT NULL,
    "person_id" UUID NOT NULL,
    "other_id" UUID,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "social_changes_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "social_changes_at_idx" ON "social_changes"("at");
