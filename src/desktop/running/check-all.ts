import { isAbsolute } from 'node:path'
import { ConfigError } from '../../errors.ts'
import { checkConnection, type FieldFault } from '../connections/check-connection.ts'
import { createNames } from '../connections/names.ts'
import { createTakenAddresses } from '../connections/taken-addresses.ts'
import type { Kept } from './kept.ts'

/**
 * Checks connections that are to be kept beside others: their settings, and that nobody has the name or the local
 * address of one.
 *
 * @throws ConfigError with every fault; of several connections each `path` begins with which one it is
 */
export function checkAll(changed: readonly Kept[], others: readonly Kept[]): void {
  const names = createNames(others.map(({ saved }) => saved.name))
  const addresses = createTakenAddresses()
  for (const { address, saved } of others) addresses.add(address, saved.name)
  const problems = changed.flatMap((one, index) => {
    const at = changed.length === 1 ? '' : `connections[${index}].`
    const { name, listen } = one.saved
    const faults: FieldFault[] = [...checkConnection(one.saved).faults, ...relativePaths(one.saved)]
    const isTaken = names.has(name)
    const free = names.take(name)
    if (isTaken) {
      const message = `"${name}" is the name of another connection`
      faults.push({ key: 'name', message, hint: `such as "${free}"` })
    }
    const holder = listen === undefined ? undefined : addresses.holderOf(one.address)
    addresses.add(one.address, name)
    if (holder !== undefined) {
      const message = `"${listen}" is the local address of "${holder}"`
      faults.push({ key: 'listen', message, hint: 'choose another port, or leave it empty' })
    }
    return faults.map(({ key, message, hint }) => ({
      source: '',
      path: `${at}${key}`,
      message,
      hint,
    }))
  })
  if (problems.length > 0) throw new ConfigError(problems)
}

const pathKeys = ['ca_file', 'client_cert_file', 'client_key_file'] as const

/** The daemon runs in no folder that a person knows of. */
function* relativePaths(saved: Kept['saved']): Generator<FieldFault> {
  for (const key of pathKeys) {
    const path = saved[key]
    if (path === undefined || isAbsolute(path)) continue
    yield { key, message: `"${path}" is no whole path`, hint: 'begin it at the root: "/home/…"' }
  }
}
