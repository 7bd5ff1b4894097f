-- A database as migration 0012 leaves it, with a row in every table, written by the code of before 0013.
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
CREATE TABLE "access_documents" ("kind" text not null, "id" text not null, "revision" bigint not null, "body" text not null, "body_bytes" bigint not null, "disabled" integer not null, "tags" text not null, "updated_at_ms" bigint not null, "updated_by" text not null, constraint "access_documents_key" primary key ("kind", "id"));
CREATE TABLE "access_history" ("revision" bigint not null primary key, "kind" text not null, "id" text not null, "change" text not null, "before" text, "after" text, "at_ms" bigint not null, "by" text not null, "note" text not null);
CREATE INDEX "access_history_document" on "access_history" ("kind", "id", "revision" desc);
CREATE TABLE "access_requests" ("id" text not null primary key, "route_id" text not null, "user_id" text not null, "email" text, "reason" text not null, "for_ms" bigint not null, "created_at_ms" bigint not null, "expires_at_ms" bigint not null, "state" text not null, "decided_by" text, "decided_at_ms" bigint, "note" text, "until_ms" bigint, "ended_by" text, "ended_at_ms" bigint, "is_break_glass" integer not null, "revision" bigint not null);
CREATE INDEX "access_requests_created_at_ms" on "access_requests" ("created_at_ms" desc, "id");
CREATE INDEX "access_requests_user_id" on "access_requests" ("user_id");
CREATE INDEX "access_requests_state" on "access_requests" ("state");
CREATE TABLE "blocked_people" ("who" text not null primary key, "user_ids" text not null, "emails" text not null, "reason" text not null, "blocked_by" text not null, "blocked_at_ms" bigint not null, "revision" bigint not null);
CREATE TABLE "refusals" ("id" text not null primary key, "user_id" text not null, "email" text, "route_id" text not null, "at_ms" bigint not null, "body" text not null);
CREATE INDEX "refusals_at_ms" on "refusals" ("at_ms");
CREATE TABLE "audit_index" ("series" text not null, "seq" bigint not null, "at_ms" bigint not null, "kind" text not null, "event" text not null, "email" text, "user_id" text, "actor" text, "ip" text, "route" text, "route_id" text, "request_id" text, "outcome" text, "file" text not null, "offset" bigint not null, "bytes" bigint not null, constraint "audit_index_key" primary key ("series", "seq"));
CREATE INDEX "audit_index_kind" on "audit_index" ("kind", "at_ms" desc);
CREATE INDEX "audit_index_email" on "audit_index" ("email", "at_ms" desc);
CREATE INDEX "audit_index_user_id" on "audit_index" ("user_id", "at_ms" desc);
CREATE INDEX "audit_index_actor" on "audit_index" ("actor", "at_ms" desc);
CREATE INDEX "audit_index_route_id" on "audit_index" ("route_id", "at_ms" desc);
CREATE INDEX "audit_index_request_id" on "audit_index" ("request_id", "at_ms" desc);
CREATE INDEX "audit_index_at_ms" on "audit_index" ("at_ms" desc, "series", "seq" desc);
CREATE TABLE "audit_places" ("series" text not null primary key, "file" text not null, "offset" bigint not null, "seq" bigint not null, "hash" text not null);
CREATE TABLE "samples" ("span" text not null, "route_id" text not null, "at_ms" bigint not null, "tunnels_open" bigint not null, "tunnels_opened" bigint not null, "bytes_up" bigint not null, "bytes_down" bigint not null, "allowed" bigint not null, "denied" bigint not null, "sign_in_needed" bigint not null, "certificate_needed" bigint not null, "sign_ins_ok" bigint not null, "sign_ins_failed" bigint not null, "sessions" bigint not null, "connectors" bigint not null, constraint "samples_key" primary key ("span", "route_id", "at_ms"));
CREATE INDEX "samples_at_ms" on "samples" ("span", "at_ms");
insert into "kysely_migration" ("name", "timestamp")
  values ('0001-sessions-and-codes', '2026-11-29T08:23:30.365Z');
insert into "kysely_migration" ("name", "timestamp")
  values ('0002-service-accounts', '2026-11-29T08:23:30.373Z');
insert into "kysely_migration" ("name", "timestamp")
  values ('0003-device-codes', '2026-11-29T08:23:30.397Z');
insert into "kysely_migration" ("name", "timestamp")
  values ('0004-token-keys', '2026-11-29T08:23:30.421Z');
insert into "kysely_migration" ("name", "timestamp")
  values ('0005-revisions', '2026-11-29T08:23:30.453Z');
insert into "kysely_migration" ("name", "timestamp")
  values ('0006-session-order', '2026-11-29T08:23:30.461Z');
insert into "kysely_migration" ("name", "timestamp")
  values ('0007-publishing', '2026-11-29T08:23:30.497Z');
insert into "kysely_migration" ("name", "timestamp")
  values ('0008-tunnel-makers', '2026-11-29T08:23:30.505Z');
insert into "kysely_migration" ("name", "timestamp")
  values ('0009-access-documents', '2026-11-29T08:23:30.521Z');
insert into "kysely_migration" ("name", "timestamp")
  values ('0010-access-requests', '2026-11-29T08:23:30.561Z');
insert into "kysely_migration" ("name", "timestamp")
  values ('0011-audit-index', '2026-11-29T08:23:30.653Z');
insert into "kysely_migration" ("name", "timestamp")
  values ('0012-samples', '2026-11-29T08:23:30.676Z');
insert into "kysely_migration_lock" ("id", "is_locked")
  values ('migration_lock', 0);
insert into "sessions" ("id", "user_id", "email", "email_verified", "name", "groups", "claims", "issuer", "issued_at_ms", "expires_at_ms", "refreshed_at_ms", "refresh_due_at_ms", "access_token", "access_token_expires_at_ms", "refresh_token", "id_token", "device", "token_key", "revision")
  values ('s-1', 'u-1', 'Alice@Example.com', 1, 'Alice', '["ops","ü \"quoted\""]', '{"sub":"u-1","nested":{"list":[1,null,true]}}', 'https://idp.example.com', 1000, 4000000000000, 1000, 10000, 'WjiCvpCgWnMPGiHnNhBZw49LgD3kIRa7uqdQlV8g', 5000, 'NZhiBGaE96aFBlig33Iw8l6XVHbmzXbKkueZNHll', 'hCc8veNLPUFtUUPhv84xPquZTLGDJs8HtaigY17W', 'build-7', 'ktMpxLM1knrEZelH', 1);
insert into "codes" ("hash", "session_id", "challenge", "expires_at_ms")
  values ('a-code-hash', 's-1', 'c', 4000000000000);
insert into "service_accounts" ("id", "description", "format", "secret_hash", "former_secret_hash", "former_until_ms", "created_at_ms", "rotated_at_ms", "expires_at_ms", "revoked_at_ms", "last_used_day_ms", "revision")
  values ('backup', 'nightly, ü "quoted"', 'jwt', 'a-hash', 'a-former-hash', 3000, 1000, 2000, 4000000000000, 5000, 6000, 2);
insert into "device_codes" ("secret_hash", "user_code", "host", "command", "address", "created_at_ms", "expires_at_ms", "state", "user_id", "session_id", "public_key", "site")
  values ('h-1', 'BCDFGHJK', 'build-7', 'postern login --device', '192.0.2.1', 0, 4000000000000, 'pending', null, null, null, null);
insert into "token_keys" ("id", "secret_id", "created_at_ms")
  values ('ktMpxLM1knrEZelH', 'pLvlDC_YlCKbM7M2', 1795940610686);
insert into "counters" ("name", "value")
  values ('revision', 10);
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
insert into "changes" ("revision", "kind", "id", "change", "reason")
  values (6, 'access-document', 'route/db', 'added', null);
insert into "changes" ("revision", "kind", "id", "change", "reason")
  values (7, 'access-document', 'policy/staff', 'added', null);
insert into "changes" ("revision", "kind", "id", "change", "reason")
  values (8, 'access-document', 'route/db', 'changed', null);
insert into "changes" ("revision", "kind", "id", "change", "reason")
  values (9, 'access-request', 'r-1', 'added', null);
insert into "changes" ("revision", "kind", "id", "change", "reason")
  values (10, 'blocked-person', 'eve@example.com', 'added', null);
insert into "named_tunnels" ("id", "name", "name_key", "site", "created_by", "created_at_ms", "generation", "deleted_at_ms", "services", "revision", "user_id")
  values ('0d3f8f3e-5b0e-4a56-9f5c-3b6d3f0f2a11', 'web', 'web', 'site.com', 'alice@example.com', 1000, 1, null, null, 4, 'u-alice');
insert into "published_names" ("hostname", "tunnel_id", "created_at_ms")
  values ('app.example.com', '0d3f8f3e-5b0e-4a56-9f5c-3b6d3f0f2a11', 1000);
insert into "publish_credentials" ("id", "secret_hash", "site", "user_id", "person", "host", "issued_at_ms", "expires_at_ms", "revoked_at_ms", "revision")
  values ('pc-1', 'a-hash', 'site.com', 'u-alice', '{"userId":"u-alice","email":"alice@example.com","emailVerified":true,"name":"Alice ü","groups":["ops"],"claims":{"sub":"u-alice"},"issuer":"https://idp.example.com"}', 'build-7', 1000, 4000, null, 3);
insert into "signing_keys" ("kid", "purpose", "token_key", "private_key", "public_key", "created_at_ms", "retired_at_ms")
  values ('k-1', 'connector-grant', 'ktMpxLM1knrEZelH', 'p-7ovuYXHAZq241rjqSGv2SYFeq75VOafmVbPI3MU_kkIeRsfMUM2cfSDrLOXRMfM30YBByyDzmoGQtndOqTaJa0Irx9g3p96T170BtvipPqUaW77Q', '{"kty":"OKP"}', 1000, null);
insert into "access_documents" ("kind", "id", "revision", "body", "body_bytes", "disabled", "tags", "updated_at_ms", "updated_by")
  values ('policy', 'staff', 7, '{"name":"staff","policy":[]}', 28, 0, '[]', 1000, 'alice@example.com');
insert into "access_documents" ("kind", "id", "revision", "body", "body_bytes", "disabled", "tags", "updated_at_ms", "updated_by")
  values ('route', 'db', 8, '{"from":"tcp+https://dü:1"}', 28, 1, '["x"]', 1000, 'alice@example.com');
insert into "access_history" ("revision", "kind", "id", "change", "before", "after", "at_ms", "by", "note")
  values (6, 'route', 'db', 'created', null, '{"body":"{\"from\":\"tcp+https://db:5432\"}","isDisabled":false,"tags":["prod","ü \"x\""]}', 1000, 'alice@example.com', 'why');
insert into "access_history" ("revision", "kind", "id", "change", "before", "after", "at_ms", "by", "note")
  values (7, 'policy', 'staff', 'created', null, '{"body":"{\"name\":\"staff\",\"policy\":[]}","isDisabled":false,"tags":[]}', 1000, 'alice@example.com', 'why');
insert into "access_history" ("revision", "kind", "id", "change", "before", "after", "at_ms", "by", "note")
  values (8, 'route', 'db', 'updated', '{"body":"{\"from\":\"tcp+https://db:5432\"}","isDisabled":false,"tags":["prod","ü \"x\""]}', '{"body":"{\"from\":\"tcp+https://dü:1\"}","isDisabled":true,"tags":["x"]}', 1000, 'alice@example.com', 'why');
insert into "access_requests" ("id", "route_id", "user_id", "email", "reason", "for_ms", "created_at_ms", "expires_at_ms", "state", "decided_by", "decided_at_ms", "note", "until_ms", "ended_by", "ended_at_ms", "is_break_glass", "revision")
  values ('r-1', 'db', 'u-alice', 'alice@example.com', 'incident 7', 3600000, 1000, 4000000000000, 'pending', null, null, null, null, null, null, 0, 9);
insert into "blocked_people" ("who", "user_ids", "emails", "reason", "blocked_by", "blocked_at_ms", "revision")
  values ('eve@example.com', '["eve@example.com","u-eve"]', '["eve@example.com"]', 'left', 'bob', 5, 10);
insert into "refusals" ("id", "user_id", "email", "route_id", "at_ms", "body")
  values ('a', 'u-alice', null, 'db', 5, '{}');
insert into "audit_index" ("series", "seq", "at_ms", "kind", "event", "email", "user_id", "actor", "ip", "route", "route_id", "request_id", "outcome", "file", "offset", "bytes")
  values ('decisions', 1, 1787184001000, 'decision', 'authorize check', 'alice@example.com', 'u-alice', null, '192.0.2.1', 'db', 'r-1', 'q-1', 'allowed', 'decisions-2026-08-20-0001.jsonl', 100, 99);
insert into "audit_places" ("series", "file", "offset", "seq", "hash")
  values ('decisions', 'decisions-2026-08-20-0001.jsonl', 100, 1, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa');
insert into "samples" ("span", "route_id", "at_ms", "tunnels_open", "tunnels_opened", "bytes_up", "bytes_down", "allowed", "denied", "sign_in_needed", "certificate_needed", "sign_ins_ok", "sign_ins_failed", "sessions", "connectors")
  values ('minute', '', 1787195400000, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
insert into "samples" ("span", "route_id", "at_ms", "tunnels_open", "tunnels_opened", "bytes_up", "bytes_down", "allowed", "denied", "sign_in_needed", "certificate_needed", "sign_ins_ok", "sign_ins_failed", "sessions", "connectors")
  values ('minute', 'db', 1787195400000, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0);
insert into "samples" ("span", "route_id", "at_ms", "tunnels_open", "tunnels_opened", "bytes_up", "bytes_down", "allowed", "denied", "sign_in_needed", "certificate_needed", "sign_ins_ok", "sign_ins_failed", "sessions", "connectors")
  values ('hour', '', 1787194800000, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
insert into "samples" ("span", "route_id", "at_ms", "tunnels_open", "tunnels_opened", "bytes_up", "bytes_down", "allowed", "denied", "sign_in_needed", "certificate_needed", "sign_ins_ok", "sign_ins_failed", "sessions", "connectors")
  values ('hour', 'db', 1787194800000, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0);
insert into "samples" ("span", "route_id", "at_ms", "tunnels_open", "tunnels_opened", "bytes_up", "bytes_down", "allowed", "denied", "sign_in_needed", "certificate_needed", "sign_ins_ok", "sign_ins_failed", "sessions", "connectors")
  values ('day', '', 1787184000000, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
insert into "samples" ("span", "route_id", "at_ms", "tunnels_open", "tunnels_opened", "bytes_up", "bytes_down", "allowed", "denied", "sign_in_needed", "certificate_needed", "sign_ins_ok", "sign_ins_failed", "sessions", "connectors")
  values ('day', 'db', 1787184000000, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0);
