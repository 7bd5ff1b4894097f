import { realpath } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { SystemError, messageOf } from '../../errors.ts'
import { replaceFile } from '../../reach/replace-file.ts'
import { takeSignInLock } from '../sign-in/sign-in-lock.ts'
import { maxGatewaysBytes, readGateways } from './gateways-file.ts'
import { encodeGateways, maxGateways, type KnownGateways } from './known-gateway.ts'

/** Between two looks whether another process has written the file, in milliseconds. */
const pollMs = 20
/**
 * How long a process waits for another to write the file, in milliseconds: it takes one of them a few.
 *
 * @limit time that a process waits for another to write the remembered gateways: an error, and nothing is written
 */
const maxWaitMs = 5_000

/**
 * Changes the file: reads it, and writes what `change` makes of it, while no other process does. Resolves to what it
 * says then. What `change` throws is thrown, and nothing is written.
 *
 * @throws SystemError `gateways-unreadable`, `gateways-unwritable`
 */
export async function changeGateways(
  path: string,
  change: (now: KnownGateways) => KnownGateways,
): Promise<KnownGateways> {
  await using _ = await takeLock(`${path}.lock`)
  const now = await readGateways(path)
  const next = change(now)
  if (next === now) return now
  const text = encodeGateways(next)
  if (Buffer.byteLength(text) > maxGatewaysBytes || next.gateways.length > maxGateways) {
    throw unwritable(path, 'there are too many gateways, or too long certificates', undefined)
  }
  try {
    // A link is left in its place: somebody keeps the file elsewhere.
    await replaceFile(await realpath(path).catch(() => path), text)
  } catch (error) {
    throw unwritable(path, messageOf(error), error)
  }
  return next
}

/** Where no lock can be written the file cannot be either, which says why. */
async function takeLock(path: string): Promise<AsyncDisposable> {
  for (let waitedMs = 0; waitedMs < maxWaitMs; waitedMs += pollMs) {
    const lock = await takeSignInLock(path)
    if (lock !== undefined) return lock
    await pause(pollMs)
  }
  throw unwritable(path, 'another postern is writing it, or has left its lock', undefined)
}

function unwritable(path: string, why: string, cause: unknown): SystemError {
  return new SystemError('gateways-unwritable', `cannot write "${path}": ${why}`, {
    hint: 'nothing was changed: see that there is room, and that you may write there',
    cause,
  })
}
