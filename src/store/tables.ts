import type { AccessDocumentRecord, DocumentChange } from './access-document-store.ts'
import type { AcmeRecord } from './acme-store.ts'
import type { SigningPurpose } from './publish-store.ts'
import type { AccessRequestState } from './request-store.ts'
import type { SampleSpan } from './sample-store.ts'
import type { Change, DeviceCodeState, SessionClient, SessionEndReason } from './store.ts'
import type { ScimRecord } from './scim-store.ts'

/** What the tables hold, as the database gives it. Columns in snake case, times in milliseconds. */
export interface Tables {
  readonly sessions: SessionRow
  readonly codes: CodeRow
  readonly service_accounts: ServiceAccountRow
  readonly device_codes: DeviceCodeRow
  readonly named_tunnels: NamedTunnelRow
  readonly published_names: PublishedNameRow
  readonly publish_credentials: PublishCredentialRow
  readonly signing_keys: SigningKeyRow
  readonly token_keys: TokenKeyRow
  readonly access_documents: AccessDocumentRow
  readonly access_history: AccessHistoryRow
  readonly access_requests: AccessRequestRow
  readonly blocked_people: BlockedPersonRow
  readonly refusals: RefusalRow
  readonly samples: SampleRow
  readonly audit_index: AuditIndexTableRow
  readonly audit_places: AuditPlaceRow
  readonly acme_records: AcmeRow
  readonly ocsp_answers: OcspAnswerRow
  readonly provider_logouts: ProviderLogoutRow
  readonly scim_resources: ScimResourceRow
  readonly accounts: AccountRow
  readonly passkeys: PasskeyRow
  readonly passkey_challenges: PasskeyChallengeRow
  readonly counters: CounterRow
  readonly changes: ChangeRow
  readonly leases: LeaseRow
}

/** `token_key` names the key that encrypts `private_key`; both are null where there is none. */
export interface AcmeRow {
  readonly kind: AcmeRecord['kind']
  readonly name: string
  readonly text: string
  readonly token_key: string | null
  readonly private_key: string | null
  readonly changed_at_ms: number
}

/** `answer` is base64. */
export interface OcspAnswerRow {
  readonly certificate: string
  readonly answer: string
  readonly from_ms: number
  readonly until_ms: number
  readonly fetched_at_ms: number
}

export interface AccountRow {
  readonly id: string
  readonly email: string
  readonly email_key: string
  readonly name: string
  /** JSON: an array of strings. */
  readonly groups: string
  readonly created_by: string
  readonly created_at_ms: number
  readonly disabled_at_ms: number | null
  readonly generation: number
  /** These three are null together. */
  readonly invitation_hash: string | null
  readonly invited_by: string | null
  readonly invitation_expires_at_ms: number | null
  readonly revision: number
}

export interface PasskeyRow {
  readonly id: string
  readonly account_id: string
  readonly public_key: string
  readonly counter: number
  /** JSON: an array of strings. */
  readonly transports: string
  readonly rp_id: string
  readonly name: string
  /** 0 or 1. */
  readonly is_backed_up: number
  readonly created_at_ms: number
  readonly last_used_at_ms: number | null
}

/** A challenge that was signed, and until when it is remembered. */
export interface PasskeyChallengeRow {
  readonly challenge: string
  readonly expires_at_ms: number
}

/** `revision`: that of the last change; `pruned`: up to which changes are kept no more. */
export interface CounterRow {
  readonly name: 'revision' | 'pruned' | 'recorded'
  readonly value: number
}

export interface ChangeRow {
  readonly revision: number
  readonly kind: Change['kind']
  readonly id: string
  readonly change: Change['change']
  readonly reason: SessionEndReason | null
}

export interface LeaseRow {
  readonly name: string
  readonly holder: string
  readonly until_ms: number
}

export interface AccessDocumentRow {
  readonly kind: AccessDocumentRecord['kind']
  readonly id: string
  readonly revision: number
  /** JSON: an object. */
  readonly body: string
  /** Its length in UTF-8. */
  readonly body_bytes: number
  /** 0 or 1. */
  readonly disabled: number
  /** JSON: an array of strings. */
  readonly tags: string
  readonly updated_at_ms: number
  readonly updated_by: string
}

export interface AccessHistoryRow {
  readonly revision: number
  readonly kind: AccessDocumentRecord['kind']
  readonly id: string
  readonly change: DocumentChange
  /** JSON: a `DocumentForm`. */
  readonly before: string | null
  readonly after: string | null
  readonly at_ms: number
  readonly by: string
  readonly note: string
  /** Of `before` and `after` together, in UTF-8. */
  readonly bytes: number
}

export interface ServiceAccountRow {
  readonly id: string
  readonly description: string
  readonly format: 'jwt' | 'id-secret'
  readonly secret_hash: string
  readonly former_secret_hash: string | null
  readonly former_until_ms: number | null
  readonly created_at_ms: number
  readonly rotated_at_ms: number
  readonly expires_at_ms: number | null
  readonly revoked_at_ms: number | null
  readonly last_used_day_ms: number | null
  readonly revision: number
}

export interface SessionRow {
  readonly id: string
  readonly user_id: string
  readonly email: string | null
  /** 0 or 1. */
  readonly email_verified: number
  readonly name: string | null
  /** JSON: an array of strings. */
  readonly groups: string
  /** JSON: an object. */
  readonly claims: string
  readonly provider: string
  readonly issuer: string
  readonly issued_at_ms: number
  readonly expires_at_ms: number
  readonly refreshed_at_ms: number
  readonly refresh_due_at_ms: number
  /** These three are encrypted with the key of this name; plain, by a former release, where it is null. */
  readonly token_key: string | null
  readonly access_token: string | null
  readonly access_token_expires_at_ms: number | null
  readonly refresh_token: string | null
  readonly id_token: string | null
  readonly device: string | null
  readonly sid: string | null
  readonly address: string | null
  readonly client: SessionClient | null
  readonly last_used_at_ms: number | null
  readonly revision: number
}

/** A key that is derived from a secret and its own name; it stands nowhere. */
export interface TokenKeyRow {
  readonly id: string
  /** Names the secret, which is not here either. */
  readonly secret_id: string
  readonly created_at_ms: number
}

export interface CodeRow {
  readonly hash: string
  readonly session_id: string
  readonly challenge: string
  readonly expires_at_ms: number
}

export interface DeviceCodeRow {
  readonly secret_hash: string
  readonly user_code: string
  readonly host: string
  readonly command: string
  readonly address: string
  readonly created_at_ms: number
  readonly expires_at_ms: number
  readonly state: DeviceCodeState
  readonly user_id: string | null
  readonly session_id: string | null
  readonly public_key: string | null
  readonly site: string | null
}

export interface NamedTunnelRow {
  readonly id: string
  readonly name: string
  /** In lower case; null for a deleted one, whose name is free. */
  readonly name_key: string | null
  readonly site: string
  readonly created_by: string
  readonly user_id: string
  readonly created_at_ms: number
  readonly generation: number
  readonly deleted_at_ms: number | null
  /** JSON. */
  readonly services: string | null
  readonly revision: number
}

export interface PublishedNameRow {
  readonly hostname: string
  readonly tunnel_id: string
  readonly created_at_ms: number
}

export interface PublishCredentialRow {
  readonly id: string
  readonly secret_hash: string
  readonly site: string
  readonly user_id: string
  /** JSON. */
  readonly person: string
  readonly host: string
  readonly issued_at_ms: number
  readonly expires_at_ms: number
  readonly revoked_at_ms: number | null
  readonly revision: number
}

export interface SigningKeyRow {
  readonly kid: string
  readonly purpose: SigningPurpose
  /** Encrypted with the key of this name. */
  readonly token_key: string
  readonly private_key: string
  readonly public_key: string
  readonly created_at_ms: number
  readonly retired_at_ms: number | null
}

export interface AccessRequestRow {
  readonly id: string
  readonly route_id: string
  readonly route_from: string
  readonly user_id: string
  readonly email: string | null
  readonly reason: string
  readonly for_ms: number
  readonly created_at_ms: number
  readonly expires_at_ms: number
  readonly state: AccessRequestState
  readonly decided_by: string | null
  readonly decided_at_ms: number | null
  readonly note: string | null
  readonly until_ms: number | null
  readonly ended_by: string | null
  readonly ended_at_ms: number | null
  /** 0 or 1. */
  readonly is_break_glass: number
  readonly revision: number
}

export interface BlockedPersonRow {
  readonly who: string
  /** JSON: arrays of strings. */
  readonly user_ids: string
  readonly emails: string
  readonly reason: string
  readonly blocked_by: string
  readonly blocked_at_ms: number
  readonly revision: number
}

export interface RefusalRow {
  readonly id: string
  readonly user_id: string
  readonly email: string | null
  readonly route_id: string
  readonly at_ms: number
  /** JSON. */
  readonly body: string
}

export interface ProviderLogoutRow {
  /** SHA-256 of the issuer and the `jti` of its token, base64url. */
  readonly id: string
  readonly provider: string
  readonly issuer: string
  readonly user_id: string | null
  readonly sid: string | null
  readonly issued_at_ms: number
  readonly kept_until_ms: number
}

export interface ScimResourceRow {
  readonly id: string
  readonly kind: ScimRecord['kind']
  readonly unique_key: string | null
  /** JSON: an object. */
  readonly body: string
  readonly created_at_ms: number
  readonly updated_at_ms: number
  /** 0 or 1. */
  readonly is_deleted: number
  readonly revision: number
}

/** `route_id` is empty for the whole gateway; the last four columns are 0 for a route. */
export interface SampleRow {
  readonly span: SampleSpan
  readonly route_id: string
  readonly at_ms: number
  readonly tunnels_open: number
  readonly tunnels_opened: number
  readonly bytes_up: number
  readonly bytes_down: number
  readonly allowed: number
  readonly denied: number
  readonly sign_in_needed: number
  readonly certificate_needed: number
  readonly sign_ins_ok: number
  readonly sign_ins_failed: number
  readonly sessions: number
  readonly connectors: number
}

export interface AuditIndexTableRow {
  readonly series: string
  readonly seq: number
  readonly at_ms: number
  readonly kind: string
  readonly event: string
  readonly email: string | null
  readonly user_id: string | null
  readonly actor: string | null
  readonly ip: string | null
  readonly route: string | null
  readonly route_id: string | null
  readonly request_id: string | null
  readonly outcome: string | null
  readonly file: string
  readonly offset: number
  readonly bytes: number
}

export interface AuditPlaceRow {
  readonly series: string
  readonly file: string
  readonly offset: number
  readonly seq: number
  readonly hash: string
}
