-- CreateEnum
CREATE TYPE "Role" AS ENUM ('USER', 'ORGANIZER', 'MODERATOR', 'ADMIN');

-- CreateTable
CREATE TABLE "devices" (
    "id" UUID NOT NULL,
    "registration" TEXT NOT NULL,
    "registered_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "renewed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "devices_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "accounts" (
    "id" UUID NOT NULL,
    "username" TEXT NOT NULL,
    "roles" "Role"[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "accounts_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "signing_keys" (
    "kid" TEXT NOT NULL,
    "public_jwk" JSONB NOT NULL,
    "private_jwk" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "active_from" TIMESTAMPTZ(3) NOT NULL,
    "accept_until" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "signing_keys_pkey" PRIMARY KEY ("kid")
);

-- CreateTable
CREATE TABLE "blocks" (
    "id" UUID NOT NULL,
    "blocker_id" UUID NOT NULL,
    "blocked_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "blocks_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "interest_categories" (
    "id" TEXT NOT NULL,
    "label" TEXT NOT NULL,

    CONSTRAINT "interest_categories_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "interests" (
    "id" TEXT NOT NULL,
    "label" TEXT NOT NULL,
    "category_id" TEXT NOT NULL,

    CONSTRAINT "interests_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "daily_stats" (
    "date" DATE NOT NULL,
    "total_sessions" INTEGER NOT NULL DEFAULT 0,
    "total_matches" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "daily_stats_pkey" PRIMARY KEY ("date")
);

-- CreateTable
CREATE TABLE "interest_category_counts" (
    "date" DATE NOT NULL,
    "category" TEXT NOT NULL,
    "count" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "interest_category_counts_pkey" PRIMARY KEY ("date","category")
);

-- CreateTable
CREATE TABLE "stats_batches" (
    "id" UUID NOT NULL,
    "added_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "stats_batches_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "devices_registration_key" ON "devices"("registration");

-- CreateIndex
CREATE INDEX "devices_revoked_at_idx" ON "devices"("revoked_at");

-- CreateIndex
CREATE UNIQUE INDEX "accounts_username_key" ON "accounts"("username");

-- CreateIndex
CREATE INDEX "accounts_revoked_at_idx" ON "accounts"("revoked_at");

-- CreateIndex
CREATE INDEX "blocks_blocked_id_idx" ON "blocks"("blocked_id");

-- CreateIndex
CREATE UNIQUE INDEX "blocks_blocker_id_blocked_id_key" ON "blocks"("blocker_id", "blocked_id");

-- CreateIndex
CREATE INDEX "interests_category_id_idx" ON "interests"("category_id");

-- AddForeignKey
ALTER TABLE "interests" ADD CONSTRAINT "interests_category_id_fkey" FOREIGN KEY ("category_id") REFERENCES "interest_categories"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- The catalogue. Phones keep these ids for long: a row may get another label, never another id.
INSERT INTO "interest_categories" ("id", "label") VALUES
  ('tech', 'Tech'),
  ('music', 'Music'),
  ('philosophy', 'Philosophy'),
  ('sport', 'Sport'),
  ('art', 'Art'),
  ('food', 'Food'),
  ('travel', 'Travel'),
  ('science', 'Science'),
  ('books', 'Books'),
  ('games', 'Games'),
  ('outdoors', 'Outdoors'),
  ('film', 'Film');

INSERT INTO "interests" ("id", "label", "category_id") VALUES
  ('ai', 'AI', 'tech'),
  ('data-science', 'Data Science', 'tech'),
  ('devops', 'DevOps', 'tech'),
  ('electronics', 'Electronics', 'tech'),
  ('gamedev', 'Game Development', 'tech'),
  ('hardware', 'Hardware', 'tech'),
  ('open-source', 'Open Source', 'tech'),
  ('programming', 'Programming', 'tech'),
  ('robotics', 'Robotics', 'tech'),
  ('security', 'Security', 'tech'),
  ('startups', 'Startups', 'tech'),
  ('web-design', 'Web Design', 'tech'),
  ('choir', 'Choir', 'music'),
  ('classical', 'Classical', 'music'),
  ('drum-and-bass', 'Drum and Bass', 'music'),
  ('guitar', 'Guitar', 'music'),
  ('hardstyle', 'Hardstyle', 'music'),
  ('hip-hop', 'Hip-Hop', 'music'),
  ('jazz', 'Jazz', 'music'),
  ('metal', 'Metal', 'music'),
  ('piano', 'Piano', 'music'),
  ('singing', 'Singing', 'music'),
  ('techno', 'Techno', 'music'),
  ('vinyl', 'Vinyl', 'music'),
  ('ethics', 'Ethics', 'philosophy'),
  ('existentialism', 'Existentialism', 'philosophy'),
  ('logic', 'Logic', 'philosophy'),
  ('meditation', 'Meditation', 'philosophy'),
  ('mythology', 'Mythology', 'philosophy'),
  ('philosophy', 'Philosophy', 'philosophy'),
  ('political-thought', 'Political Thought', 'philosophy'),
  ('religion', 'Religion', 'philosophy'),
  ('stoicism', 'Stoicism', 'philosophy'),
  ('badminton', 'Badminton', 'sport'),
  ('basketball', 'Basketball', 'sport'),
  ('boxing', 'Boxing', 'sport'),
  ('climbing', 'Climbing', 'sport'),
  ('football', 'Football', 'sport'),
  ('gym', 'Gym', 'sport'),
  ('martial-arts', 'Martial Arts', 'sport'),
  ('running', 'Running', 'sport'),
  ('swimming', 'Swimming', 'sport'),
  ('table-tennis', 'Table Tennis', 'sport'),
  ('tennis', 'Tennis', 'sport'),
  ('volleyball', 'Volleyball', 'sport'),
  ('architecture', 'Architecture', 'art'),
  ('calligraphy', 'Calligraphy', 'art'),
  ('ceramics', 'Ceramics', 'art'),
  ('comics', 'Comics', 'art'),
  ('dance', 'Dance', 'art'),
  ('design', 'Design', 'art'),
  ('drawing', 'Drawing', 'art'),
  ('fashion', 'Fashion', 'art'),
  ('painting', 'Painting', 'art'),
  ('photography', 'Photography', 'art'),
  ('street-art', 'Street Art', 'art'),
  ('theatre', 'Theatre', 'art'),
  ('baking', 'Baking', 'food'),
  ('barbecue', 'Barbecue', 'food'),
  ('cheese', 'Cheese', 'food'),
  ('cocktails', 'Cocktails', 'food'),
  ('coffee', 'Coffee', 'food'),
  ('cooking', 'Cooking', 'food'),
  ('craft-beer', 'Craft Beer', 'food'),
  ('street-food', 'Street Food', 'food'),
  ('tea', 'Tea', 'food'),
  ('vegan', 'Vegan', 'food'),
  ('wine', 'Wine', 'food'),
  ('backpacking', 'Backpacking', 'travel'),
  ('city-breaks', 'City Breaks', 'travel'),
  ('languages', 'Languages', 'travel'),
  ('road-trips', 'Road Trips', 'travel'),
  ('sailing', 'Sailing', 'travel'),
  ('solo-travel', 'Solo Travel', 'travel'),
  ('train-travel', 'Train Travel', 'travel'),
  ('vanlife', 'Vanlife', 'travel'),
  ('astronomy', 'Astronomy', 'science'),
  ('biology', 'Biology', 'science'),
  ('chemistry', 'Chemistry', 'science'),
  ('climate', 'Climate', 'science'),
  ('history-of-science', 'History of Science', 'science'),
  ('mathematics', 'Mathematics', 'science'),
  ('neuroscience', 'Neuroscience', 'science'),
  ('physics', 'Physics', 'science'),
  ('psychology', 'Psychology', 'science'),
  ('biographies', 'Biographies', 'books'),
  ('book-clubs', 'Book Clubs', 'books'),
  ('crime-novels', 'Crime Novels', 'books'),
  ('essays', 'Essays', 'books'),
  ('fantasy', 'Fantasy', 'books'),
  ('graphic-novels', 'Graphic Novels', 'books'),
  ('history', 'History', 'books'),
  ('poetry', 'Poetry', 'books'),
  ('science-fiction', 'Science Fiction', 'books'),
  ('short-stories', 'Short Stories', 'books'),
  ('board-games', 'Board Games', 'games'),
  ('card-games', 'Card Games', 'games'),
  ('chess', 'Chess', 'games'),
  ('e-sports', 'E-Sports', 'games'),
  ('escape-rooms', 'Escape Rooms', 'games'),
  ('puzzles', 'Puzzles', 'games'),
  ('retro-games', 'Retro Games', 'games'),
  ('role-playing', 'Role Playing', 'games'),
  ('video-games', 'Video Games', 'games'),
  ('birdwatching', 'Birdwatching', 'outdoors'),
  ('camping', 'Camping', 'outdoors'),
  ('cycling', 'Cycling', 'outdoors'),
  ('fishing', 'Fishing', 'outdoors'),
  ('foraging', 'Foraging', 'outdoors'),
  ('gardening', 'Gardening', 'outdoors'),
  ('hiking', 'Hiking', 'outdoors'),
  ('kayaking', 'Kayaking', 'outdoors'),
  ('skiing', 'Skiing', 'outdoors'),
  ('surfing', 'Surfing', 'outdoors'),
  ('animation', 'Animation', 'film'),
  ('anime', 'Anime', 'film'),
  ('cinema', 'Cinema', 'film'),
  ('documentaries', 'Documentaries', 'film'),
  ('filmmaking', 'Filmmaking', 'film'),
  ('horror', 'Horror', 'film'),
  ('series', 'Series', 'film'),
  ('short-films', 'Short Films', 'film'),
  ('world-cinema', 'World Cinema', 'film');
