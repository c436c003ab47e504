-- CreateEnum
CREATE TYPE "Visibility" AS ENUM ('EVERYONE', 'FRIENDS', 'NOBODY');

-- CreateTable
CREATE TABLE "visibility_settings" (
    "person_id" UUID NOT NULL,
    "visibility" "Visibility" NOT NULL DEFAULT 'EVERYONE',
    "ghost" BOOLEAN NOT NULL DEFAULT false,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "visibility_settings_pkey" PRIMARY KEY ("person_id")
);
