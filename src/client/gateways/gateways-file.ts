import { AppError, SystemError, messageOf } from '../../errors.ts'
import {
  parseKept,
  readKept,
  setAside,
  versionOf,
  writtenLater,
  type KeptFile,
  type SetAside,
} from '../../reach/kept-file.ts'
import { decodeGateways, formVersion, noGateways, type KnownGateways } from './known-gateway.ts'

// `gateways.json`, the file of the gateways that a person has named (docs/client.md has its form). Each start of
// `postern tcp` reads it: it is checked by hand, and what writes it is loaded by whoever does (`change-gateways.ts`).

/** @limit the file of remembered gateways, in bytes: it is set aside as a damaged one is */
export const maxGatewaysBytes = 4 * 1024 * 1024

/** What was found. */
export interface ReadGateways extends KnownGateways {
  /** A file that could not be understood, which has another name now unless it was left. */
  readonly damaged?: SetAside
}

export function gatewaysFile(path: string): KeptFile {
  return { path, code: 'gateways-unreadable', maxBytes: maxGatewaysBytes }
}

/** What becomes of a file that cannot be understood. */
export interface DamageOptions {
  /** Names what is set aside. **Default:** `Date.now` */
  readonly nowMs?: () => number
  /** Leaves it where it is, for whoever changes nothing. **Default:** false */
  readonly isLeft?: boolean
}

/**
 * Reads the file; no file is no gateway. One that cannot be understood is set aside, and never written over.
 *
 * @throws SystemError `gateways-unreadable`, also for one that a later release has written
 */
export async function readGateways(
  path: string,
  { nowMs = Date.now, isLeft = false }: DamageOptions = {},
): Promise<ReadGateways> {
  const file = gatewaysFile(path)
  const bytes = await readKept(file)
  if (bytes === undefined) return noGateways
  const value = bytes === 'too-large' ? undefined : parseKept(bytes.toString())
  if (versionOf(value) > formVersion) throw writtenLater(file)
  try {
    if (bytes === 'too-large') throw new Error(`it is larger than ${maxGatewaysBytes} bytes`)
    if (value === undefined) throw new Error('it is not JSON')
    return decodeGateways(value)
  } catch (error) {
    const why = messageOf(error)
    return { ...noGateways, damaged: isLeft ? { path, why } : await setAside(file, why, nowMs()) }
  }
}

/** The same for whoever can go on without: what is wrong with the file is told, and then no gateway is known. */
export async function readGatewaysOrNone(
  path: string,
  tell: (error: AppError) => void,
  how?: DamageOptions,
): Promise<KnownGateways> {
  try {
    const { damaged, ...known } = await readGateways(path, how)
    if (damaged !== undefined) tell(damagedError(path, damaged))
    return known
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    tell(error)
    return noGateways
  }
}

function damagedError(path: string, { path: aside, why }: SetAside): SystemError {
  const kept = aside === path ? 'it is left as it is' : `it is kept as "${aside}"`
  return new SystemError(
    'gateways-damaged',
    `"${path}" is damaged (${why}): no gateway is remembered`,
    {
      hint: `${kept}; "postern login" at your gateway remembers it anew`,
    },
  )
}
