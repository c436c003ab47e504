-- AlterTable
ALTER TABLE "conversations" ADD COLUMN     "members_seq" INTEGER NOT NULL DEFAULT 0;
