import { addressKey } from '../address.ts'
import type { Clock } from '../clock.ts'
import type { DeviceCodeRecord } from '../store/store.ts'
import { secondsUntil } from './rate-limit.ts'

/**
 * The codes that nobody has answered yet. Only they are limited, so that an office which signs in a
 * hundred machines in a minute meets no limit, and a script that asks again and again shuts out itself:
 * a name that a machine gives itself counts apart from the others behind its address.
 */
export interface OpenDeviceCodes {
  /** When a machine may ask again, in seconds; undefined when it may now. */
  retryAfterSeconds(machine: DeviceMachine): number | undefined
  add(code: DeviceMachine & Pick<DeviceCodeRecord, 'secretHash' | 'expiresAtMs'>): void
  /** Its person has approved or denied it, and the machine knows. */
  remove(secretHash: string): void
}

export type DeviceMachine = Pick<DeviceCodeRecord, 'address' | 'host'>

/** @limit codes of one machine, by its name and address, that nobody has answered: 429 */
const maxOpenPerMachine = 20
/** @limit codes of the machines at one address that nobody has answered: 429 */
const maxOpenPerAddress = 200
/**
 * @limit codes of all machines that nobody has answered: 429 to an address that has five; others get
 * theirs, up to twice as many in all
 */
const maxOpenInTotal = 2000
/** Whoever has no more than this is not the cause of a flood. */
const fewOpen = 5
const maxOpenInAll = 2 * maxOpenInTotal

export function createOpenDeviceCodes(clock: Clock): OpenDeviceCodes {
  // In order of insertion, which is the order of their ends.
  const open = new Map<string, { readonly keys: readonly string[]; readonly expiresAtMs: number }>()
  const counts = new Map<string, number>()
  const countOf = (key: string): number => counts.get(key) ?? 0
  const add = (keys: readonly string[], by: 1 | -1): void => {
    for (const key of keys) {
      const count = countOf(key) + by
      if (count === 0) counts.delete(key)
      else counts.set(key, count)
    }
  }
  const remove = (secretHash: string): void => {
    const entry = open.get(secretHash)
    if (entry === undefined) return
    open.delete(secretHash)
    add(entry.keys, -1)
  }
  const removeExpired = (): void => {
    for (const [secretHash, { expiresAtMs }] of open) {
      if (expiresAtMs > clock.now()) break
      remove(secretHash)
    }
  }
  /** The key of a machine that stands at its limit; the empty one for all of them. */
  const fullKey = (machine: DeviceMachine): string | undefined => {
    const [ofAddress, ofMachine] = keysOf(machine)
    if (countOf(ofMachine) >= maxOpenPerMachine) return ofMachine
    const isFlooded = open.size >= maxOpenInTotal
    if (countOf(ofAddress) >= (isFlooded ? fewOpen : maxOpenPerAddress)) return ofAddress
    return open.size >= maxOpenInAll ? '' : undefined
  }
  return {
    retryAfterSeconds(machine) {
      removeExpired()
      const key = fullKey(machine)
      if (key === undefined) return undefined
      const first = open.values().find(({ keys }) => key === '' || keys.includes(key))
      return secondsUntil(first?.expiresAtMs ?? 0, clock.now())
    },
    add({ secretHash, expiresAtMs, ...machine }) {
      const keys = keysOf(machine)
      open.set(secretHash, { keys, expiresAtMs })
      add(keys, 1)
    },
    remove,
  }
}

function keysOf({ address, host }: DeviceMachine): [ofAddress: string, ofMachine: string] {
  const key = addressKey(address)
  return [key, `${key} ${host}`]
}
