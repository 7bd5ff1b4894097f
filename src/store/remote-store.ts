import type { Worker } from 'node:worker_threads'
import { SystemError, messageOf } from '../errors.ts'
import { within } from '../shutdown.ts'
import { receivedError, remoteMethods } from './remote-calls.ts'
import type { Asked, RemoteMethod, RemotePart, Said } from './remote-calls.ts'
import type { Change, SessionEndReason, Store } from './store.ts'

/** @limit questions to the database that wait for their answers: 503, the sign-in is kept */
const maxCalls = 10_000
/** @limit time in which the database answers nothing before nobody waits for it any more: 503, the sign-in is kept */
const maxSilenceMs = 30_000
/** @limit none: wait for what is under way, and for the thread, when the store is closed; then it is left */
const maxClosingMs = 10_000

interface Call {
  resolve(value: unknown): void
  reject(error: Error): void
}

/** The methods of one part that ask the thread. */
type RemoteCalls<Part extends RemotePart> = Pick<Store[Part], RemoteMethod<Store[Part]>>

/** A store that lives in another thread; resolves when it is open there. `path` names it in errors. */
export async function createRemoteStore(worker: Worker, path: string): Promise<Store> {
  const listeners = new Set<(changes: readonly Change[]) => void>()
  const calls = createCalls(worker, path, (changes) => {
    for (const listener of listeners) listener(changes)
  })
  await calls.opened
  const onChanges: Store['feed']['onChanges'] = (listener) => {
    listeners.add(listener)
    return { [Symbol.dispose]: () => void listeners.delete(listener) }
  }
  return {
    sessions: {
      ...partOf('sessions', calls.ask),
      onEnded: (listener) => onChanges((changes) => tellEnds(changes, listener)),
    },
    codes: partOf('codes', calls.ask),
    deviceCodes: partOf('deviceCodes', calls.ask),
    serviceAccounts: partOf('serviceAccounts', calls.ask),
    namedTunnels: partOf('namedTunnels', calls.ask),
    publishCredentials: partOf('publishCredentials', calls.ask),
    signingKeys: partOf('signingKeys', calls.ask),
    tokenKeys: partOf('tokenKeys', calls.ask),
    accessDocuments: partOf('accessDocuments', calls.ask),
    accessRequests: partOf('accessRequests', calls.ask),
    blockedPeople: partOf('blockedPeople', calls.ask),
    refusals: partOf('refusals', calls.ask),
    samples: partOf('samples', calls.ask),
    auditIndex: partOf('auditIndex', calls.ask),
    acme: partOf('acme', calls.ask),
    ocspAnswers: partOf('ocspAnswers', calls.ask),
    providerLogouts: partOf('providerLogouts', calls.ask),
    scim: partOf('scim', calls.ask),
    accounts: partOf('accounts', calls.ask),
    feed: { ...partOf('feed', calls.ask), onChanges },
    leases: partOf('leases', calls.ask),
    failed: calls.failed,
    close: calls.close,
  }
}

type Ask = (part: RemotePart, method: string, args: readonly unknown[]) => Promise<unknown>

function partOf<Part extends RemotePart>(part: Part, ask: Ask): RemoteCalls<Part> {
  const methods = Object.keys(remoteMethods[part]).map((method) => [
    method,
    (...args: readonly unknown[]) => ask(part, method, args),
  ])
  // `remoteMethods` has every one of them by its name.
  return Object.fromEntries(methods) as RemoteCalls<Part>
}

interface Calls {
  readonly ask: Ask
  /** Rejects when the store cannot be opened there. */
  readonly opened: Promise<void>
  readonly failed: Promise<Error>
  close(): Promise<void>
}

/** The questions that are under way. The process does not stay for the thread, but for them. */
function createCalls(
  worker: Worker,
  path: string,
  onChanges: (changes: readonly Change[]) => void,
): Calls {
  const waiting = new Map<number, Call>()
  const opening = Promise.withResolvers<void>()
  const failing = Promise.withResolvers<Error>()
  const exited = Promise.withResolvers<void>()
  const drained = Promise.withResolvers<void>()
  let lastId = 0
  /** Counts what it has said. */
  let lastWord = 0
  let silence: NodeJS.Timeout | undefined
  let isSilent = false
  let ended: SystemError | undefined
  let closed: Promise<void> | undefined

  function fail(why: string): void {
    if (ended !== undefined) return
    ended = storeFailed(path, why)
    opening.reject(ended)
    failing.resolve(ended)
    rejectAll(ended)
  }

  /** What was asked may still be done, and the feed tells of it. */
  function rejectAll(error: SystemError): void {
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
    idle()
  }

  function idle(): void {
    clearTimeout(silence)
    worker.unref()
    if (closed !== undefined) drained.resolve()
  }

  function settle(id: number, act: (call: Call) => void): void {
    const call = waiting.get(id)
    if (call === undefined) return
    waiting.delete(id)
    act(call)
    if (waiting.size === 0) idle()
  }

  function awaitWord(): void {
    clearTimeout(silence)
    if (waiting.size === 0) return
    // A process that was stopped for a while first hears what has been said meanwhile.
    silence = setTimeout(() => setImmediate(checkSilence, lastWord), maxSilenceMs)
    silence.unref()
  }

  function checkSilence(before: number): void {
    if (lastWord !== before || waiting.size === 0) return
    isSilent = true
    rejectAll(storeSilent(path))
  }

  function heard(said: Said): void {
    lastWord += 1
    isSilent = false
    if (said.kind === 'changes') onChanges(said.changes)
    else if (said.kind === 'answer') settle(said.id, ({ resolve }) => resolve(said.value))
    else if (said.kind === 'fault')
      settle(said.id, ({ reject }) => reject(receivedError(said.error)))
    else if (said.kind === 'opened') opening.resolve()
    else opening.reject(receivedError(said.error))
    awaitWord()
  }

  function checkRoom(): void {
    if (ended !== undefined) throw ended
    if (closed !== undefined) throw storeClosed(path)
    if (isSilent) throw storeSilent(path)
    if (waiting.size >= maxCalls) throw storeBusy(path, waiting.size)
  }

  async function close(): Promise<void> {
    if (waiting.size > 0) await within(maxClosingMs, drained.promise)
    rejectAll(storeClosed(path))
    // What ends from now on ends as it was asked to.
    ended ??= storeClosed(path)
    worker.ref()
    worker.postMessage({ kind: 'close' } satisfies Asked)
    await within(maxClosingMs, exited.promise)
    // A thread that hangs in the disk cannot be ended either: the process ends without it.
    worker.unref()
    void worker.terminate()
  }

  worker.on('message', heard)
  worker.on('messageerror', (error) => fail(messageOf(error)))
  worker.on('error', (error) => fail(messageOf(error)))
  worker.on('exit', (code) => {
    fail(`it ended with ${code}`)
    exited.resolve()
  })
  return {
    opened: opening.promise.finally(() => worker.unref()),
    failed: failing.promise,
    ask: async (part, method, args) => {
      checkRoom()
      const id = (lastId += 1)
      worker.postMessage({ kind: 'call', id, part, method, args } satisfies Asked)
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject })
        if (waiting.size > 1) return
        worker.ref()
        awaitWord()
      })
    },
    close: () => (closed ??= close()),
  }
}

function tellEnds(
  changes: readonly Change[],
  listener: (id: string, reason: SessionEndReason) => void,
): void {
  for (const { kind, id, change, reason = 'revoked' } of changes)
    if (kind === 'session' && change === 'ended') listener(id, reason)
}

function storeFailed(path: string, why: string): SystemError {
  return new SystemError('store-failed', `the database "${path}" is lost to this process: ${why}`, {
    hint: 'start the gateway again; if that does not help, look at the disk and the memory of the machine',
  })
}

function storeClosed(path: string): SystemError {
  return new SystemError('store-closed', `the database "${path}" is closed`)
}

function storeBusy(path: string, waiting: number): SystemError {
  const text = `the database "${path}" does not keep up: ${waiting} questions wait for it`
  return new SystemError('store-busy', text, { hint: lookAtDisk })
}

function storeSilent(path: string): SystemError {
  const text = `the database "${path}" has answered nothing for ${maxSilenceMs / 1000} seconds`
  return new SystemError('store-busy', text, { hint: lookAtDisk })
}

const lookAtDisk = 'look at what the disk is busy with, and how full it is'
