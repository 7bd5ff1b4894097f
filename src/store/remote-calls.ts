import type { MessagePort } from 'node:worker_threads'
import {
  AccessError,
  AppError,
  PeerError,
  SystemError,
  UpstreamError,
  messageOf,
} from '../errors.ts'
import type { Change, Store } from './store.ts'

/** A store as its own thread has it. Who follows it, and whether it is lost, is known beyond. */
export interface ServedStore extends Omit<Store, 'failed' | 'sessions'> {
  readonly sessions: Omit<Store['sessions'], 'onEnded'>
}

/** The parts of a store that another thread may ask. */
export type RemotePart = Exclude<keyof Store, 'failed' | 'close'>

/** Those of its methods that answer a promise. */
export type RemoteMethod<Part> = {
  [Name in keyof Part]: Part[Name] extends (...args: never[]) => Promise<unknown> ? Name : never
}[keyof Part]

/** Each by its name: one that is not here does not compile. */
export const remoteMethods: {
  readonly [Part in RemotePart]: Readonly<Record<RemoteMethod<Store[Part]>, true>>
} = {
  sessions: {
    get: true,
    getFacts: true,
    add: true,
    update: true,
    markUsed: true,
    remove: true,
    list: true,
    listPage: true,
    count: true,
    listDue: true,
    removeExpired: true,
  },
  codes: { add: true, take: true, removeExpired: true },
  deviceCodes: {
    add: true,
    findByUserCode: true,
    findBySecretHash: true,
    approve: true,
    deny: true,
    attach: true,
    take: true,
    count: true,
    removeExpired: true,
  },
  serviceAccounts: { get: true, add: true, update: true, markUsed: true, list: true, count: true },
  namedTunnels: { get: true, list: true, add: true, update: true },
  publishCredentials: { get: true, list: true, add: true, revoke: true, removeExpired: true },
  signingKeys: { list: true, add: true, removeRetired: true },
  tokenKeys: { list: true, begin: true, move: true },
  accessDocuments: { list: true, write: true, history: true },
  accessRequests: {
    get: true,
    add: true,
    update: true,
    listOpen: true,
    listPage: true,
    removeOld: true,
  },
  blockedPeople: { get: true, list: true, put: true, remove: true },
  refusals: { get: true, add: true },
  samples: { add: true, points: true, busiest: true },
  auditIndex: { add: true, place: true, search: true, removeBefore: true },
  acme: { list: true, get: true, put: true, remove: true },
  ocspAnswers: { get: true, put: true },
  providerLogouts: { take: true, covers: true },
  scim: { get: true, list: true, add: true, update: true, remove: true },
  accounts: {
    get: true,
    findByEmail: true,
    findByInvitation: true,
    list: true,
    add: true,
    update: true,
    remove: true,
    accept: true,
    passkeysOf: true,
    getPasskey: true,
    countPasskeysNotOf: true,
    addPasskey: true,
    renamePasskey: true,
    removePasskey: true,
    usePasskey: true,
  },
  feed: { changes: true, recordedUpTo: true, noteRecorded: true },
  leases: { take: true, release: true },
}

/** What the thread of a store is asked; `close` comes last, when nothing else is under way. */
export type Asked =
  | {
      readonly kind: 'call'
      readonly id: number
      readonly part: RemotePart
      readonly method: string
      readonly args: readonly unknown[]
    }
  | { readonly kind: 'close' }

/**
 * What it says. `opened` or `unopened` comes first; `changes` before the answer of the call that made them, so
 * that whoever follows the feed has heard of a write when that resolves.
 */
export type Said =
  | { readonly kind: 'opened' }
  | { readonly kind: 'unopened'; readonly error: SentError }
  | { readonly kind: 'changes'; readonly changes: readonly Change[] }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'fault'; readonly id: number; readonly error: SentError }

/** An error between threads: its class, if it is one of ours, and its code would be lost. */
export interface SentError {
  readonly fault: keyof typeof faults | undefined
  readonly code: string | undefined
  readonly message: string
  readonly hint: string | undefined
  readonly cause: SentError | undefined
}

const faults = { AccessError, PeerError, SystemError, UpstreamError } as const

/** Answers what is asked about a store from another thread, until that closes it. */
export async function serveStore(
  port: MessagePort,
  open: () => Promise<ServedStore>,
): Promise<void> {
  const say = (said: Said): void => port.postMessage(said)
  try {
    const store = await open()
    store.feed.onChanges((changes) => say({ kind: 'changes', changes }))
    port.on('message', (asked: Asked) => {
      if (asked.kind === 'call') void answer(store, asked).then(say)
      else void store.close().then(() => port.close())
    })
    say({ kind: 'opened' })
  } catch (error) {
    say({ kind: 'unopened', error: sentError(error) })
  }
}

async function answer(
  store: ServedStore,
  { id, part, method, args }: Extract<Asked, { kind: 'call' }>,
): Promise<Said> {
  try {
    const methods: unknown = store[part]
    const call = (
      methods as Readonly<Record<string, (...args: readonly unknown[]) => Promise<unknown>>>
    )[method]
    return { kind: 'answer', id, value: await call?.(...args) }
  } catch (error) {
    return { kind: 'fault', id, error: sentError(error) }
  }
}

function sentError(error: unknown): SentError {
  const { name, code, cause } = error instanceof Error ? (error as NodeJS.ErrnoException) : {}
  return {
    fault: Object.keys(faults).find((it): it is keyof typeof faults => it === name),
    code,
    message: messageOf(error),
    hint: error instanceof AppError ? error.hint : undefined,
    cause: cause === undefined ? undefined : sentError(cause),
  }
}

/** The error again: of its class and code, with the stack of whoever asks. */
export function receivedError({ fault, code, message, hint, cause }: SentError): Error {
  const origin = cause && receivedError(cause)
  if (fault !== undefined && code !== undefined) {
    return new faults[fault](code, message, { hint, cause: origin })
  }
  const error = new Error(message, origin && { cause: origin })
  return code === undefined ? error : Object.assign(error, { code })
}
