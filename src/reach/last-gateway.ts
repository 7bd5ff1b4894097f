import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SystemError } from '../errors.ts'
import { parseGatewayUrl, type GatewayAddress } from './destination.ts'

const fileName = 'last-gateway'

/**
 * The gateway that a command line names, `https://` being understood, or the one that was asked last. `option`: by
 * which it is named there, unless it is an argument.
 *
 * @throws SystemError `invalid-gateway-url` or `gateway-missing`
 */
export async function namedOrLastGateway(
  text: string | undefined,
  cacheDirectory: string,
  option?: string,
): Promise<GatewayAddress> {
  if (text !== undefined) return parseGatewayUrl(text.includes('://') ? text : `https://${text}`)
  const last = await readFile(join(cacheDirectory, fileName), 'utf8').catch(() => '')
  try {
    return parseGatewayUrl(last)
  } catch {
    throw new SystemError('gateway-missing', 'which gateway? none was asked before', {
      hint: `name it, as in "${option === undefined ? '' : `${option} `}https://gateway.example.com"; later runs ask the same one`,
    })
  }
}

/** Keeps which gateway was asked. That it cannot be kept changes nothing else. */
export async function rememberGateway(
  gateway: GatewayAddress,
  cacheDirectory: string,
): Promise<void> {
  try {
    await mkdir(cacheDirectory, { recursive: true, mode: 0o700 })
    await writeFile(join(cacheDirectory, fileName), gateway.origin, { mode: 0o600 })
  } catch {
    // The next run has to name it again.
  }
}
