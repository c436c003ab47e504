-- CreateEnum
CREATE TYPE "ErasureKind" AS ENUM ('DEVICE');

-- CreateTable
CREATE TABLE "activity_daily_counts" (
    "date" DATE NOT NULL,
    "activities" INTEGER NOT NULL DEFAULT 0,
    "joins" INTEGER NOT NULL DEFAULT 0,
    "messages" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "activity_daily_counts_pkey" PRIMARY KEY ("date")
);

-- CreateTable
CREATE TABLE "erasures" (
    "id" UUID NOT NULL,
    "kind" "ErasureKind" NOT NULL,
    "subject" TEXT NOT NULL,
    "requested_at" TIMESTAMPTZ(3) NOT NULL,
    "completed_at" TIMESTAMPTZ(3),
    "counts" JSONB,

    CONSTRAINT "erasures_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "erasures_subject_key" ON "erasures"("subject");

-- CreateIndex
CREATE INDEX "erasures_requested_at_idx" ON "erasures"("requested_at");
