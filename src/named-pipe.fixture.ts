import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runProgramSync } from './program.fixture.ts'

/** A pipe as a shell makes one, whose reader reads when the test does. */
export interface NamedPipe extends Disposable {
  readonly path: string
  /** Does not wait: EAGAIN where there is nothing to read. */
  readonly reader: number
  /** Waits, as the ends that programs are given do. */
  readonly writer: number
  /** From then on nobody reads it. */
  closeReader(): void
  /** Those of the writing end, as Linux shows them: octal. */
  flags(): string
}

/** Makes one with both ends open. */
export function openNamedPipe(): NamedPipe {
  const directory = mkdtempSync(join(tmpdir(), 'postern-pipe-'))
  const path = join(directory, 'pipe')
  runProgramSync('mkfifo', [path])
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const writer = openSync(path, constants.O_WRONLY)
  let isRead = true
  const closeReader = (): void => {
    if (isRead) closeSync(reader)
    isRead = false
  }
  return {
    path,
    reader,
    writer,
    closeReader,
    flags: () =>
      /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${writer}`, 'utf8'))?.[1] ?? '',
    [Symbol.dispose]() {
      closeReader()
      closeSync(writer)
      rmSync(directory, { recursive: true })
    },
  }
}
