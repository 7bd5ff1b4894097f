-- A database as migration 0004 leaves it, with a row in every table, written by the release before 0005.
-- Its tokens are encrypted from the shared secret of 32 bytes of 3.
CREATE TABLE "kysely_migration" ("name" varchar(255) not null primary key, "timestamp" varchar(255) not null);
CREATE TABLE "kysely_migration_lock" ("id" varchar(255) not null primary key, "is_locked" integer default 0 not null);
CREATE TABLE "sessions" ("id" text not null primary key, "user_id" text not null, "email" text, "email_verified" integer not null, "name" text, "groups" text not null, "claims" text not null, "issuer" text not null, "issued_at_ms" bigint not null, "expires_at_ms" bigint not null, "refreshed_at_ms" bigint not null, "refresh_due_at_ms" bigint not null, "access_token" text, "access_token_expires_at_ms" bigint, "refresh_token" text, "id_token" text, "device" text, "token_key" text);
CREATE INDEX "sessions_user_id" on "sessions" ("user_id");
CREATE INDEX "sessions_expires_at_ms" on "sessions" ("expires_at_ms");
CREATE INDEX "sessions_refresh_due_at_ms" on "sessions" ("refresh_due_at_ms");
CREATE TABLE "codes" ("hash" text not null primary key, "session_id" text not null, "challenge" text not null, "expires_at_ms" bigint not null);
CREATE INDEX "codes_expires_at_ms" on "codes" ("expires_at_ms");
CREATE TABLE "service_accounts" ("id" text not null primary key, "description" text not null, "format" text not null, "secret_hash" text not null, "former_secret_hash" text, "former_until_ms" bigint, "created_at_ms" bigint not null, "rotated_at_ms" bigint not null, "expires_at_ms" bigint, "revoked_at_ms" bigint, "last_used_day_ms" bigint);
CREATE TABLE "device_codes" ("secret_hash" text not null primary key, "user_code" text not null unique, "host" text not null, "command" text not null, "address" text not null, "created_at_ms" bigint not null, "expires_at_ms" bigint not null, "state" text not null, "user_id" text, "session_id" text);
CREATE INDEX "device_codes_expires_at_ms" on "device_codes" ("expires_at_ms");
CREATE TABLE "token_keys" ("id" text not null primary key, "secret_id" text not null, "created_at_ms" bigint not null);
CREATE INDEX "sessions_token_key" on "sessions" ("token_key");
insert into "kysely_migration" ("name", "timestamp")
  values ('0001-sessions-and-codes', '2026-11-28T12:10:02.056Z');
insert into "kysely_migration" ("name", "timestamp")
  values ('0002-service-accounts', '2026-11-28T12:10:02.057Z');
insert into "kysely_migration" ("name", "timestamp")
  values ('0003-device-codes', '2026-11-28T12:10:02.059Z');
insert into "kysely_migration" ("name", "timestamp")
  values ('0004-token-keys', '2026-11-28T12:10:02.060Z');
insert into "kysely_migration_lock" ("id", "is_locked")
  values ('migration_lock', 0);
insert into "sessions" ("id", "user_id", "email", "email_verified", "name", "groups", "claims", "issuer", "issued_at_ms", "expires_at_ms", "refreshed_at_ms", "refresh_due_at_ms", "access_token", "access_token_expires_at_ms", "refresh_token", "id_token", "device", "token_key")
  values ('s-1', 'u-1', 'Alice@Example.com', 1, 'Alice', '["ops","ü \"quoted\""]', '{"sub":"u-1","nested":{"list":[1,null,true]}}', 'https://idp.example.com', 1000, 4000000000000, 1000, 10000, 'zTbsSOQA-a1ZyXFfc6pCY0lrhnuG23e7c5WEcJJs', 5000, 'Q_bYyuARLzNXpX4I7aw9g3_yVkJx4UQF6FLEdW2f', 'Z3JIboaF9YZ9I5_u8p7D8uppJOGR4ehd8exYQxYG', 'build-7', 'cuQBXrrVaoGSscYz');
insert into "sessions" ("id", "user_id", "email", "email_verified", "name", "groups", "claims", "issuer", "issued_at_ms", "expires_at_ms", "refreshed_at_ms", "refresh_due_at_ms", "access_token", "access_token_expires_at_ms", "refresh_token", "id_token", "device", "token_key")
  values ('s-2', 'u-2', null, 0, null, '[]', '{}', 'https://idp.example.com', 1000, 4000000000000, 1000, 10000, null, null, null, null, null, 'cuQBXrrVaoGSscYz');
insert into "codes" ("hash", "session_id", "challenge", "expires_at_ms")
  values ('a-code-hash', 's-1', 'c', 4000000000000);
insert into "service_accounts" ("id", "description", "format", "secret_hash", "former_secret_hash", "former_until_ms", "created_at_ms", "rotated_at_ms", "expires_at_ms", "revoked_at_ms", "last_used_day_ms")
  values ('backup', 'nightly, ü "quoted"', 'jwt', 'a-hash', 'a-former-hash', 3000, 1000, 2000, 4000000000000, 5000, 6000);
insert into "device_codes" ("secret_hash", "user_code", "host", "command", "address", "created_at_ms", "expires_at_ms", "state", "user_id", "session_id")
  values ('h-1', 'BCDFGHJK', 'build-7', 'postern login --device', '192.0.2.1', 0, 4000000000000, 'pending', null, null);
insert into "token_keys" ("id", "secret_id", "created_at_ms")
  values ('cuQBXrrVaoGSscYz', 'pLvlDC_YlCKbM7M2', 1795867802060);
