import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { stateFiles } from '../../../src/store/state-directory.ts'
import type { Collected, SecretKind } from './collected.ts'
import { keptIn } from './kept.ts'
import { secretsIn } from './shapes.ts'

/** Largest file that is read, in bytes. */
const maxFileBytes = 16 * 1024 * 1024

/** Files that are there to keep secrets, by the end of their path. */
const secretFiles: readonly (readonly [RegExp, SecretKind])[] = [
  [/(?:^|\/)(?:shared|cookie)_secret$/, 'gateway key'],
  [/\bpostern\.yaml(?:\.new)?$/, 'client secret'],
  [/\bkey\.pem$|\.key$/, 'private key'],
  [/\/postern\/tokens\/[^/]+\.jwt$/, 'session token'],
  // Where stock cloudflared looks for what `--for-cloudflared` has written.
  [/(?:^|\/)\.cloudflared\/[^/]+-token$/, 'session token'],
  [/(?:^|\/)\.postern\/(?:[\da-f-]{36}\.json|cert\.pem)$|\.token$/, 'connector credential'],
]

interface HomeFile {
  readonly name: string
  readonly text: () => Buffer
}

/** Collects what secret files hold, and what a database keeps encrypted, and resolves to all others. A file that goes meanwhile is none. */
export async function readHome(home: string, collected: Collected): Promise<readonly HomeFile[]> {
  const entries = await readdir(home, { recursive: true, withFileTypes: true }).catch(() => [])
  const others: HomeFile[] = []
  for (const entry of entries) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const bytes = await readFile(path).catch(() => undefined)
    if (bytes === undefined || bytes.length > maxFileBytes) continue
    const name = relative(home, path)
    if (entry.name === stateFiles.store)
      for (const secret of await keptIn(path)) collected.add('private key', secret)
    const [, kind] = secretFiles.find(([pattern]) => pattern.test(name)) ?? []
    if (kind === undefined) others.push({ name: `file ${name}`, text: () => bytes })
    else for (const secret of secretsIn(bytes.toString())) collected.add(kind, secret)
  }
  return others
}
