import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { DownloadsSource } from '../../downloads/source.ts'
import type { Source } from '../source/source.ts'

/**
 * Where people get the program. A directory that is not there is no reason not to start: the gateway looks again whenever
 * somebody asks.
 */
export async function readDownloads({
  settings,
  findings,
  path,
}: Source): Promise<DownloadsSource | undefined> {
  const written = settings.values.downloads
  if (written === undefined) return undefined
  if (/^https?:\/\//.test(written)) return { page: written }
  const directory = resolve(dirname(resolve(path)), written)
  const found = await stat(directory).catch(() => undefined)
  if (found?.isDirectory() !== true) {
    const hint = 'until it is there nothing is handed out'
    findings.warnings.push(settings.problem('downloads', 'is no directory', { hint }))
  }
  return { directory }
}
