import { stat } from 'node:fs/promises'
import { replaceFile } from '../../reach/replace-file.ts'
import { cachePath } from './cache-path.ts'

/**
 * How long an address counts as no remembered gateway once that was found out, in milliseconds.
 *
 * @limit time in which an address is not asked again whether it is a remembered gateway: it counts as another
 */
const strangerMs = 24 * 60 * 60_000

/** Whether an address was found not long ago to be none of the remembered gateways. */
export async function isStranger(cacheDirectory: string, origin: string): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(cachePath(cacheDirectory, 'strangers', origin))
    return Math.abs(Date.now() - mtimeMs) < strangerMs
  } catch {
    return false
  }
}

/** Keeps that it is none. That it cannot be kept changes nothing else. */
export async function keepStranger(cacheDirectory: string, origin: string): Promise<void> {
  await replaceFile(cachePath(cacheDirectory, 'strangers', origin), '{}\n').catch(() => undefined)
}
