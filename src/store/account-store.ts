import type { Stored } from './stored.ts'

/** An account of the gateway's own, without an identity provider. Times are milliseconds since the epoch. */
export interface AccountRecord {
  /** Unguessable, and never given to anybody else. */
  readonly id: string
  /** As it is shown. */
  readonly email: string
  /** What spellings of the address have in common; no two accounts have the same. */
  readonly emailKey: string
  /** Empty until its person or the operator has given one. */
  readonly name: string
  readonly groups: readonly string[]
  readonly createdBy: string
  readonly createdAtMs: number
  readonly disabledAtMs: number | undefined
  /** Another one after each reset and each time it was disabled: sessions of a former one are over. */
  readonly generation: number
  /** The link by which its person makes the first passkey; undefined once it was used. */
  readonly invitation: InvitationRecord | undefined
}

export interface InvitationRecord {
  /** SHA-256 of its code, base64url: the code itself is never kept. */
  readonly hash: string
  readonly by: string
  readonly expiresAtMs: number
}

/** A passkey of an account: the public half of a WebAuthn credential. */
export interface PasskeyRecord {
  /** The credential id, base64url. */
  readonly id: string
  readonly accountId: string
  /** COSE key, base64url. */
  readonly publicKey: string
  /** How often it has signed, as it says itself; 0 for those that do not count. */
  readonly counter: number
  /** How browsers reach it, such as `internal` or `usb`. */
  readonly transports: readonly string[]
  /** Host name that it was made for: it works at no other. */
  readonly rpId: string
  /** What its person calls it. */
  readonly name: string
  /** Whether it is kept by more than one device, such as in a password manager. */
  readonly isBackedUp: boolean
  readonly createdAtMs: number
  readonly lastUsedAtMs: number | undefined
}

/** A passkey that has signed a challenge. */
export interface PasskeyUse {
  readonly id: string
  readonly accountId: string
  readonly counter: number
  readonly isBackedUp: boolean
  readonly atMs: number
  /** Names the challenge; it counts once until that time. */
  readonly challenge: string
  readonly challengeExpiresAtMs: number
}

/**
 * Accounts and their passkeys. Each write is a change of the feed, named by the account; `kept` where it is one of its
 * passkeys alone.
 */
export interface AccountStore {
  get(id: string): Promise<Stored<AccountRecord> | undefined>
  findByEmail(emailKey: string): Promise<Stored<AccountRecord> | undefined>
  findByInvitation(hash: string): Promise<Stored<AccountRecord> | undefined>
  /** By email address. */
  list(): Promise<readonly Stored<AccountRecord>[]>
  /** Keeps nothing when there is one of this address, or when there are so many. */
  add(record: AccountRecord, maxRecords: number): Promise<'added' | 'email-taken' | 'full'>
  /**
   * Replaces one that is still as it was read, and with `removesPasskeys` removes all that it has; false, and nothing
   * kept, when it was written meanwhile or is not there.
   */
  update(record: Stored<AccountRecord>, removesPasskeys?: boolean): Promise<boolean>
  /** Removes one with its passkeys; false when there was none. */
  remove(id: string): Promise<boolean>
  /** Replaces an account that is still as it was read, and adds its first passkey, in one step. */
  accept(
    record: Stored<AccountRecord>,
    passkey: PasskeyRecord,
  ): Promise<'accepted' | 'changed' | 'passkey-taken'>
  /** Oldest first. */
  passkeysOf(accountId: string): Promise<readonly PasskeyRecord[]>
  getPasskey(id: string): Promise<PasskeyRecord | undefined>
  /** How many were made for another host name. */
  countPasskeysNotOf(rpId: string): Promise<number>
  /** Keeps nothing when the account is not of this generation any more, when it is disabled, or has so many. */
  addPasskey(
    passkey: PasskeyRecord,
    generation: number,
    maxPerAccount: number,
  ): Promise<'added' | 'taken' | 'full' | 'account-gone'>
  renamePasskey(accountId: string, id: string, name: string): Promise<boolean>
  /** Of two that are removed at the same time one stays. */
  removePasskey(accountId: string, id: string): Promise<'removed' | 'last' | 'not-found'>
  /**
   * Notes a use. `replayed` when its challenge was used before, `counter` when it has not counted on since its last
   * use, `gone` when there is no such passkey or its account is disabled; nothing is kept then.
   */
  usePasskey(use: PasskeyUse): Promise<'used' | 'replayed' | 'counter' | 'gone'>
}
