import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { PackageFile } from './package-file.ts'

/** What a tool that makes packages needs of a folder: the same modes and times whoever makes it, under whatever umask. */
export function stageFiles(
  directory: string,
  files: readonly PackageFile[],
  seconds: number,
): void {
  for (const { path, content, mode = 0o644 } of files) {
    const target = join(directory, path)
    mkdirSync(dirname(target), { recursive: true })
    if (typeof content === 'string' || Buffer.isBuffer(content)) writeFileSync(target, content)
    else cpSync(content.of, target)
    chmodSync(target, mode)
  }
  settle(directory, seconds)
}

/** Files first: what is written into a folder gives that a new time. */
function settle(directory: string, seconds: number): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) settle(path, seconds)
    else utimesSync(path, seconds, seconds)
  }
  chmodSync(directory, 0o755)
  utimesSync(directory, seconds, seconds)
}

/** A folder that is gone after `use`. */
export function withStage<Result>(use: (directory: string) => Result): Result {
  const directory = mkdtempSync(join(realpathSync(tmpdir()), 'postern-package-'))
  try {
    return use(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
