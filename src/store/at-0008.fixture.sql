-- A database as migration 0008 leaves it, with a row in every table, written by the code of before 0009.
-- Its tokens are encrypted from the shared secret of 32 bytes of 3.
CREATE TABLE "kysely_migration" ("name" varchar(255) not null primary key, "timestamp" varchar(255) not null);
CREATE TABLE "kysely_migration_lock" ("id" varchar(255) not null primary key, "is_locked" integer default 0 not null);
CREATE TABLE "sessions" ("id" text not null primary key, "user_id" text not null, "email" text, "email_verified" integer not null, "name" text, "groups" text not null, "claims" text not null, "issuer" text not null, "issued_at_ms" bigint not null, "expires_at_ms" bigint not null, "refreshed_at_ms" bigint not null, "refresh_due_at_ms" bigint not null, "access_token" text, "access_token_expires_at_ms" bigint, "refresh_token" text, "id_token" text, "device" text, "token_key" text, "revision" bigint default 0 not null);
CREATE INDEX "sessions_user_id" on "sessions" ("user_id");
CREATE INDEX "sessions_expires_at_ms" on "sessions" ("expires_at_ms");
CREATE INDEX "sessions_refresh_due_at_ms" on "sessions" ("refresh_due_at_ms");
CREATE INDEX "sessions_token_key" on "sessions" ("token_key");
CREATE INDEX "sessions_issued_at_ms" on "sessions" ("issued_at_ms" desc, "id");
CREATE TABLE "codes" ("hash" text not null primary key, "session_id" text not null, "challenge" text not null, "expires_at_ms" bigint not null);
CREATE INDEX "codes_expires_at_ms" on "codes" ("expires_at_ms");
CREATE TABLE "service_accounts" ("id" text not null primary key, "description" text not null, "format" text not null, "secret_hash" text not null, "former_secret_hash" text, "former_until_ms" bigint, "created_at_ms" bigint not null, "rotated_at_ms" bigint not null, "expires_at_ms" bigint, "revoked_at_ms" bigint, "last_used_day_ms" bigint, "revision" bigint default 0 not null);
CREATE TABLE "device_codes" ("secret_hash" text not null primary key, "user_code" text not null unique, "host" text not null, "command" text not null, "address" text not null, "created_at_ms" bigint not null, "expires_at_ms" bigint not null, "state" text not null, "user_id" text, "session_id" text, "public_key" text, "site" text);
CREATE INDEX "device_codes_expires_at_ms" on "device_codes" ("expires_at_ms");
CREATE TABLE "token_keys" ("id" text not null primary key, "secret_id" text not null, "created_at_ms" bigint not null);
CREATE TABLE "counters" ("name" text not null primary key, "value" bigint not null);
CREATE TABLE "changes" ("revision" bigint not null primary key, "kind" text not null, "id" text not null, "change" text not null, "reason" text);
CREATE TABLE "named_tunnels" ("id" text not null primary key, "name" text not null, "name_key" text unique, "site" text not null, "created_by" text not null, "created_at_ms" bigint not null, "generation" bigint not null, "deleted_at_ms" bigint, "services" text, "revision" bigint not null, "user_id" text default '' not null);
CREATE TABLE "published_names" ("hostname" text not null primary key, "tunnel_id" text not null, "created_at_ms" bigint not null);
CREATE INDEX "published_names_tunnel_id" on "published_names" ("tunnel_id");
CREATE TABLE "publish_credentials" ("id" text not null primary key, "secret_hash" text not null, "site" text not null, "user_id" text not null, "person" text not null, "host" text not null, "issued_at_ms" bigint not null, "expires_at_ms" bigint not null, "revoked_at_ms" bigint, "revision" bigint not null);
CREATE TABLE "signing_keys" ("kid" text not null primary key, "purpose" text not null, "token_key" text not null, "private_key" text not null, "public_key" text not null, "created_at_ms" bigint not null, "retired_at_ms" bigint);
insert into "kysely_migration" ("name", "timestamp")
  values ('0001-sessions-and-codes', '2026-11-29T08:23:29.201Z');
insert into "kysely_migration" ("name", "timestamp")
  values ('0002-service-accounts', '2026-11-29T08:23:29.217Z');
insert into "kysely_migration" ("name", "timestamp")
  values ('0003-device-codes', '2026-11-29T08:23:29.237Z');
insert into "kysely_migration" ("name", "timestamp")
  values ('0004-token-keys', '2026-11-29T08:23:29.273Z');
insert into "kysely_migration" ("name", "timestamp")
  values ('0005-revisions', '2026-11-29T08:23:29.301Z');
insert into "kysely_migration" ("name", "timestamp")
  values ('0006-session-order', '2026-11-29T08:23:29.313Z');
insert into "kysely_migration" ("name", "timestamp")
  values ('0007-publishing', '2026-11-29T08:23:29.373Z');
insert into "kysely_migration" ("name", "timestamp")
  values ('0008-tunnel-makers', '2026-11-29T08:23:29.390Z');
insert into "kysely_migration_lock" ("id", "is_locked")
  values ('migration_lock', 0);
insert into "sessions" ("id", "user_id", "email", "email_verified", "name", "groups", "claims", "issuer", "issued_at_ms", "expires_at_ms", "refreshed_at_ms", "refresh_due_at_ms", "access_token", "access_token_expires_at_ms", "refresh_token", "id_token", "device", "token_key", "revision")
  values ('s-1', 'u-1', 'Alice@Example.com', 1, 'Alice', '["ops","ü \"quoted\""]', '{"sub":"u-1","nested":{"list":[1,null,true]}}', 'https://idp.example.com', 1000, 4000000000000, 1000, 10000, '9IjcVGLZiTik48KTR31eJF4UiKRWKtxBe5Affb11', 5000, '79ZYea-L58j1gsjbLRQRnhNcO8kFQ_lVi_xf3LsX', '5b1sN-grIBKwldDB-eJ2Fuq9HzefKz3_qOXpGqkf', 'build-7', 'psJ6s1UMSWrk3TDW', 1);
insert into "codes" ("hash", "session_id", "challenge", "expires_at_ms")
  values ('a-code-hash', 's-1', 'c', 4000000000000);
insert into "service_accounts" ("id", "description", "format", "secret_hash", "former_secret_hash", "former_until_ms", "created_at_ms", "rotated_at_ms", "expires_at_ms", "revoked_at_ms", "last_used_day_ms", "revision")
  values ('backup', 'nightly, ü "quoted"', 'jwt', 'a-hash', 'a-former-hash', 3000, 1000, 2000, 4000000000000, 5000, 6000, 2);
insert into "device_codes" ("secret_hash", "user_code", "host", "command", "address", "created_at_ms", "expires_at_ms", "state", "user_id", "session_id", "public_key", "site")
  values ('h-1', 'BCDFGHJK', 'build-7', 'postern login --device', '192.0.2.1', 0, 4000000000000, 'pending', null, null, null, null);
insert into "token_keys" ("id", "secret_id", "created_at_ms")
  values ('psJ6s1UMSWrk3TDW', 'pLvlDC_YlCKbM7M2', 1795940609401);
insert into "counters" ("name", "value")
  values ('revision', 5);
insert into "counters" ("name", "value")
  values ('pruned', 0);
insert into "changes" ("revision", "kind", "id", "change", "reason")
  values (1, 'session', 's-1', 'added', null);
insert into "changes" ("revision", "kind", "id", "change", "reason")
  values (2, 'service-account', 'backup', 'added', null);
insert into "changes" ("revision", "kind", "id", "change", "reason")
  values (3, 'publish-credential', 'pc-1', 'added', null);
insert into "changes" ("revision", "kind", "id", "change", "reason")
  values (4, 'named-tunnel', '0d3f8f3e-5b0e-4a56-9f5c-3b6d3f0f2a11', 'added', null);
insert into "changes" ("revision", "kind", "id", "change", "reason")
  values (5, 'signing-key', 'k-1', 'added', null);
insert into "named_tunnels" ("id", "name", "name_key", "site", "created_by", "created_at_ms", "generation", "deleted_at_ms", "services", "revision", "user_id")
  values ('0d3f8f3e-5b0e-4a56-9f5c-3b6d3f0f2a11', 'web', 'web', 'site.com', 'alice@example.com', 1000, 1, null, null, 4, 'u-alice');
insert into "published_names" ("hostname", "tunnel_id", "created_at_ms")
  values ('app.example.com', '0d3f8f3e-5b0e-4a56-9f5c-3b6d3f0f2a11', 1000);
insert into "publish_credentials" ("id", "secret_hash", "site", "user_id", "person", "host", "issued_at_ms", "expires_at_ms", "revoked_at_ms", "revision")
  values ('pc-1', 'a-hash', 'site.com', 'u-alice', '{"userId":"u-alice","email":"alice@example.com","emailVerified":true,"name":"Alice ü","groups":["ops"],"claims":{"sub":"u-alice"},"issuer":"https://idp.example.com"}', 'build-7', 1000, 4000, null, 3);
insert into "signing_keys" ("kid", "purpose", "token_key", "private_key", "public_key", "created_at_ms", "retired_at_ms")
  values ('k-1', 'connector-grant', 'psJ6s1UMSWrk3TDW', '_qFRjftIKoISLI9Sma6dWKoKgXz_l9v8UHZaokcbSiuxTPUJxxAyY0Fvn9ckGPwDqx66Lug7OFxIiX2pFH3R9VdaXToFP7fKKjldehR5PRTv384XgA', '{"kty":"OKP"}', 1000, null);
