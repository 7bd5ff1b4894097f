import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { systemCode } from '../../src/errors.ts'
import { runProgramSync } from '../../src/program.fixture.ts'
import type { Scope } from './scope.ts'

/** A pipe as a shell makes one, whose reader reads when the test does. */
export interface SilentReader {
  /** Its writing end, blocking: what programs get. */
  readonly writer: number
  /** Writes into it until it takes no more. */
  fill(): void
  /** Everything that stands in it now. */
  read(): string
}

let count = 0

function takes(descriptor: number, length: number): boolean {
  try {
    return writeSync(descriptor, Buffer.alloc(length, '\n')) > 0
  } catch (error) {
    if (systemCode(error) === 'EAGAIN') return false
    throw error
  }
}

export function openSilentReader(scope: Scope): SilentReader {
  const path = join(scope.directory, `pipe-${count++}`)
  runProgramSync('mkfifo', [path])
  const { O_NONBLOCK, O_RDONLY, O_WRONLY } = constants
  const reader = openSync(path, O_RDONLY | O_NONBLOCK)
  const writer = openSync(path, O_WRONLY)
  const buffer = Buffer.alloc(65_536)
  const readOnce = (): string => {
    try {
      return buffer.toString('utf8', 0, readSync(reader, buffer))
    } catch (error) {
      if (systemCode(error) === 'EAGAIN') return ''
      throw error
    }
  }
  scope.defer(() => {
    closeSync(reader)
    closeSync(writer)
  })
  return {
    writer,
    fill() {
      const own = openSync(path, O_WRONLY | O_NONBLOCK)
      // A whole page at first; what is left takes less.
      for (const length of [4_096, 1]) while (takes(own, length));
      closeSync(own)
    },
    read() {
      let text = ''
      for (let part = readOnce(); part !== ''; part = readOnce()) text += part
      return text
    },
  }
}
